// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Multiplies the rate by `gamma` every `step_size` steps.
class StepLR : public SchedulerBase<StepLR> {
 public:
  static constexpr std::string_view class_name = "StepLR";

  /// Python's names and defaults.
  struct Options {
    std::int64_t step_size = 1;
    double gamma = 0.1;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::int64_t step_size = 1;
    double gamma = 0.1;
  };

  explicit StepLR(Options options) {
    detail::require(options.step_size > 0, class_name, "step_size", options.step_size, "1 or more");
    state_.step_size = options.step_size;
    state_.gamma = options.gamma;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    const bool keep = state_.last_epoch == 0 || state_.last_epoch % state_.step_size != 0;
    return keep ? group.lr : group.lr * state_.gamma;
  }
  double lr_at_start(double base_lr) const { return base_lr; }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::StepLR::Options, (step_size, "steps between two changes"),
           (gamma, "factor of each change"), (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::StepLR::State, (step_size, "steps between two changes"),
           (gamma, "factor of each change"), LT_DETAIL_SCHEDULER_STATE)
