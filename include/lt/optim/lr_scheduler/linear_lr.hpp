// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Goes linearly from `start_factor` to `end_factor` times the rate within `total_iters` steps.
class LinearLR : public SchedulerBase<LinearLR> {
 public:
  static constexpr std::string_view class_name = "LinearLR";

  /// Python's names and defaults.
  struct Options {
    double start_factor = 1.0 / 3;
    double end_factor = 1.0;
    std::int64_t total_iters = 5;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    double start_factor = 1.0 / 3;
    double end_factor = 1.0;
    std::int64_t total_iters = 5;
  };

  explicit LinearLR(Options options) {
    detail::require(options.start_factor > 0 && options.start_factor <= 1, class_name,
                    "start_factor", options.start_factor, "more than 0, at most 1");
    detail::require(options.end_factor >= 0 && options.end_factor <= 1, class_name, "end_factor",
                    options.end_factor, "between 0 and 1");
    state_.start_factor = options.start_factor;
    state_.end_factor = options.end_factor;
    state_.total_iters = options.total_iters;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    const double epoch = static_cast<double>(state_.last_epoch);
    const double total = static_cast<double>(state_.total_iters);
    if (state_.last_epoch == 0) {
      return group.lr * state_.start_factor;
    }
    if (state_._is_initial || state_.last_epoch > state_.total_iters) {
      return group.lr;
    }
    const double range = state_.end_factor - state_.start_factor;
    const double travelled =
        detail::rounded(total * state_.start_factor) + detail::rounded((epoch - 1) * range);
    return group.lr * (1.0 + range / travelled);
  }
  double lr_at_start(double base_lr) const { return base_lr * state_.start_factor; }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::LinearLR::Options, (start_factor, "factor at the start"),
           (end_factor, "factor at the end"), (total_iters, "steps from start to end"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::LinearLR::State, (start_factor, "factor at the start"),
           (end_factor, "factor at the end"), (total_iters, "steps from start to end"),
           LT_DETAIL_SCHEDULER_STATE)
