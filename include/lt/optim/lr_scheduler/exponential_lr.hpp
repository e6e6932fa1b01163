// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace lt::optim {

/// Multiplies the rate by `gamma` at every step. `gamma` must be given.
class ExponentialLR : public SchedulerBase<ExponentialLR> {
 public:
  static constexpr std::string_view class_name = "ExponentialLR";

  /// Python's names and defaults.
  struct Options {
    double gamma = std::numeric_limits<double>::quiet_NaN();
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    double gamma = std::numeric_limits<double>::quiet_NaN();
  };

  explicit ExponentialLR(Options options) {
    detail::require(!std::isnan(options.gamma), class_name, "gamma", options.gamma, "a number");
    state_.gamma = options.gamma;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    return state_._is_initial ? group.lr : group.lr * state_.gamma;
  }
  double lr_at_start(double base_lr) const { return base_lr; }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::ExponentialLR::Options, (gamma, "factor of each step"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::ExponentialLR::State, (gamma, "factor of each step"),
           LT_DETAIL_SCHEDULER_STATE)
