// SPDX-License-Identifier: Apache-2.0
// The helpers of group_rates.hpp for LibTorch's own optimizers (torch::optim).
#pragma once

#include "lt/optim/group_rates.hpp"

#include <torch/optim/optimizer.h>

#include <concepts>
#include <cstddef>

namespace lt::optim {

/// How many parameter groups the optimizer has.
template <std::derived_from<torch::optim::Optimizer> O>
std::size_t group_count(const O& optimizer) {
  return optimizer.param_groups().size();
}

/// The learning rate of group `i`. LibTorch's groups have no place for `initial_lr`, and their
/// momentum cannot be reached through the base class: who schedules such an optimizer keeps the
/// GroupRates between the calls and refreshes `lr` only.
template <std::derived_from<torch::optim::Optimizer> O>
GroupRates rates(const O& optimizer, std::size_t i) {
  return {.lr = optimizer.param_groups()[i].options().get_lr()};
}

/// Sets the learning rate of group `i`.
template <std::derived_from<torch::optim::Optimizer> O>
void set_rates(O& optimizer, std::size_t i, const GroupRates& rates) {
  optimizer.param_groups()[i].options().set_lr(rates.lr);
}

}  // namespace lt::optim
