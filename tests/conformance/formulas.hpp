// SPDX-License-Identifier: Apache-2.0
// The formulas that all weights and data come from (suite/README.md, "Formulas").
#pragma once

#include "lt/tensor.hpp"

#include <cstdint>

namespace torch::nn {
class Module;
}

namespace conformance {

/// In [-0.5, 0.5), a multiple of 2^-16.
double unit(std::uint32_t i, std::uint32_t seed);

/// Feature `j` of sample `n`.
double feature(std::int64_t n, std::int64_t j, std::int64_t features, std::uint32_t seed);

/// Output `o` of sample `n`.
double target(std::int64_t n, std::int64_t o, std::int64_t features, std::int64_t outputs,
              std::uint32_t seed);

/// Sets element e of the p-th parameter to `unit(e, 1000 + p)`.
void fill_weights(torch::nn::Module& module);

}  // namespace conformance
