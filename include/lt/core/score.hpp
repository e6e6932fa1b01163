// SPDX-License-Identifier: Apache-2.0
// A monitored value in the state of a callback.
#pragma once

#include "lt/core/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// A number that Lightning keeps as a tensor without dimensions. Checkpoints store it as one, so
/// that Lightning's own callbacks can read their state back.
struct Score {
  double value = 0.0;
  bool in_double = false;  // float64, under 64-true; else float32

  friend bool operator==(const Score&, const Score&) = default;
  void append_to(std::string& out) const { append(out, value); }
};

/// Paths of checkpoints and their scores, in the order in which they were saved; a dict in
/// checkpoints.
using ScoredPaths = std::vector<std::pair<std::string, Score>>;

/// Whether a monitored value is better when it is small or when it is large.
enum class Mode : std::uint8_t { min, max };

constexpr std::string_view enum_name(Mode mode) {
  return mode == Mode::min ? "min" : "max";
}

/// Strictly better; never true for NaN.
constexpr bool better(Mode mode, double a, double b) {
  return mode == Mode::min ? a < b : a > b;
}

}  // namespace lt
