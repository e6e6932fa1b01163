// SPDX-License-Identifier: Apache-2.0
// What schedulers, learning-rate monitors and tuners see of an optimizer: a few numbers per group.
#pragma once

#include <cstddef>
#include <optional>

namespace lt::optim {

/// The rates of one parameter group. Schedulers read and write these, so they need no LibTorch.
struct GroupRates {
  double lr = 0;
  std::optional<double> initial_lr{};  ///< set by the first scheduler; the base of all formulas
  std::optional<double> momentum{};    ///< momentum, or betas[0] for Adam; empty if it has none
  bool momentum_is_beta1 = false;      ///< `momentum` stands for betas[0]
  std::optional<double> max_lr{};      ///< OneCycleLR keeps these four in the group, as Python does
  std::optional<double> min_lr{};      ///< (CyclicLR the last two)
  std::optional<double> max_momentum{};
  std::optional<double> base_momentum{};
};

/// An optimizer of `lt::optim` that is known by its type (not an `OneOf`).
template <class O>
concept GroupedOptimizer = requires(const O& optimizer) {
  optimizer.param_groups()[0].options.lr;
  optimizer.param_groups()[0].initial_lr;
};

/// How many parameter groups the optimizer has.
template <GroupedOptimizer O>
std::size_t group_count(const O& optimizer) {
  return optimizer.param_groups().size();
}

/// The rates of group `i`.
template <GroupedOptimizer O>
GroupRates rates(const O& optimizer, std::size_t i) {
  const auto& group = optimizer.param_groups()[i];
  GroupRates result{.lr = group.options.lr,
                    .initial_lr = group.initial_lr,
                    .max_lr = group.max_lr,
                    .min_lr = group.min_lr,
                    .max_momentum = group.max_momentum,
                    .base_momentum = group.base_momentum};
  if constexpr (requires { group.options.betas; }) {
    result.momentum = group.options.betas[0];
    result.momentum_is_beta1 = true;
  } else if constexpr (requires { group.options.momentum; }) {
    result.momentum = group.options.momentum;
  }
  return result;
}

/// Writes `rates` into group `i`; an empty momentum leaves the group's own.
template <GroupedOptimizer O>
void set_rates(O& optimizer, std::size_t i, const GroupRates& rates) {
  auto& group = optimizer.param_groups()[i];
  group.options.lr = rates.lr;
  group.initial_lr = rates.initial_lr;
  group.max_lr = rates.max_lr;
  group.min_lr = rates.min_lr;
  group.max_momentum = rates.max_momentum;
  group.base_momentum = rates.base_momentum;
  if constexpr (requires { group.options.betas; }) {
    group.options.betas[0] = rates.momentum.value_or(group.options.betas[0]);
  } else if constexpr (requires { group.options.momentum; }) {
    group.options.momentum = rates.momentum.value_or(group.options.momentum);
  }
}

}  // namespace lt::optim
