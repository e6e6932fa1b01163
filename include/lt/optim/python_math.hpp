// SPDX-License-Identifier: Apache-2.0
// Double arithmetic that gives Python's bits under any compiler flags.
#pragma once

#include <cmath>

namespace lt::optim::detail {

/// `x`, rounded to double. Around a product that is then added to something: it keeps the compiler
/// from fusing the two into one instruction (g++ does with -march=native), which Python never does.
inline double rounded(double x) {
  volatile double result = x;
  return result;
}

/// Python's `base ** exponent` for floats: the C library's pow. The volatile copy keeps compilers
/// from folding it or replacing it by exp2 or sqrt, whose last bit may differ.
inline double python_pow(double base, double exponent) {
  volatile double hidden = exponent;
  return std::pow(base, hidden);
}

/// Python's `math.cos`: the C library's cos, never folded by the compiler.
inline double python_cos(double x) {
  volatile double hidden = x;
  return std::cos(hidden);
}

inline constexpr double pi = 3.141592653589793;  // math.pi

}  // namespace lt::optim::detail
