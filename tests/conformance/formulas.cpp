// SPDX-License-Identifier: Apache-2.0
#include "formulas.hpp"

#include <torch/nn/module.h>

#include <cmath>
#include <vector>

namespace conformance {

namespace {

std::uint32_t mix(std::uint32_t i, std::uint32_t seed) {
  std::uint32_t h = i * 2654435761U + seed * 2246822519U + 374761393U;
  h ^= h >> 15;
  h *= 2246822519U;
  h ^= h >> 13;
  h *= 3266489917U;
  h ^= h >> 16;
  return h;
}

}  // namespace

double unit(std::uint32_t i, std::uint32_t seed) {
  return (static_cast<double>(mix(i, seed) >> 16) - 32768.0) / 65536.0;
}

double feature(std::int64_t n, std::int64_t j, std::int64_t features, std::uint32_t seed) {
  return 2.0 * unit(static_cast<std::uint32_t>(n * features + j), seed);
}

double target(std::int64_t n, std::int64_t o, std::int64_t features, std::int64_t outputs,
              std::uint32_t seed) {
  double total = 0.0;
  for (std::int64_t j = 0; j < features; ++j) {
    const double sign = j % 2 == 0 ? 1.0 : -1.0;
    total += sign * std::ldexp(1.0, -static_cast<int>(j + 1)) *
             feature(n, (j + o) % features, features, seed);
  }
  return total + 0.25 * unit(static_cast<std::uint32_t>(n * outputs + o), seed + 7777);
}

void fill_weights(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  std::uint32_t p = 0;
  for (torch::Tensor& parameter : module.parameters()) {
    std::vector<float> values(static_cast<std::size_t>(parameter.numel()));
    for (std::size_t e = 0; e < values.size(); ++e) {
      values[e] = static_cast<float>(unit(static_cast<std::uint32_t>(e), 1000 + p));
    }
    parameter.copy_(torch::from_blob(values.data(), parameter.sizes()));
    ++p;
  }
}

}  // namespace conformance
