// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Multiplies the rate by `factor` until step `total_iters`.
class ConstantLR : public SchedulerBase<ConstantLR> {
 public:
  static constexpr std::string_view class_name = "ConstantLR";

  /// Python's names and defaults.
  struct Options {
    double factor = 1.0 / 3;
    std::int64_t total_iters = 5;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    double factor = 1.0 / 3;
    std::int64_t total_iters = 5;
  };

  explicit ConstantLR(Options options) {
    detail::require(options.factor >= 0 && options.factor <= 1, class_name, "factor",
                    options.factor, "between 0 and 1");
    state_.factor = options.factor;
    state_.total_iters = options.total_iters;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    if (state_.last_epoch == 0) {
      return group.lr * state_.factor;
    }
    if (state_.last_epoch != state_.total_iters) {
      return group.lr;
    }
    detail::require(state_.factor != 0, class_name, "factor", state_.factor,
                    "more than 0, as it is undone after total_iters");
    return group.lr * (1.0 / state_.factor);
  }
  double lr_at_start(double base_lr) const {
    const double undone = state_.total_iters <= 0 ? 1 - state_.factor : 0.0;
    return base_lr * (state_.factor + undone);
  }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::ConstantLR::Options, (factor, "factor of the rate"),
           (total_iters, "steps until the factor is undone"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::ConstantLR::State, (factor, "factor of the rate"),
           (total_iters, "steps until the factor is undone"), LT_DETAIL_SCHEDULER_STATE)
