// SPDX-License-Identifier: Apache-2.0
// A model and data for the compile-fail tests of the trainer.
#pragma once

#include <lt/lt.hpp>

#include <cstdint>
#include <tuple>
#include <vector>

struct SmallModel : lt::Module {
  lt::Tensor training_step(const lt::Tensor& batch, std::int64_t batch_idx);
};
using SmallData = lt::Loaders<std::vector<lt::Tensor>>;
