// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Lets the rate fall to `eta_min` within `T_max` steps along a cosine, and rise again after them.
/// `T_max` must be given.
class CosineAnnealingLR : public SchedulerBase<CosineAnnealingLR> {
 public:
  static constexpr std::string_view class_name = "CosineAnnealingLR";

  /// Python's names and defaults.
  struct Options {
    std::int64_t T_max = 0;
    double eta_min = 0.0;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::int64_t T_max = 0;
    double eta_min = 0.0;
  };

  explicit CosineAnnealingLR(Options options) {
    detail::require(options.T_max > 0, class_name, "T_max", options.T_max, "1 or more");
    state_.T_max = options.T_max;
    state_.eta_min = options.eta_min;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t i) const {
    using detail::pi;
    using detail::python_cos;
    const double epoch = static_cast<double>(state_.last_epoch);
    const double period = static_cast<double>(state_.T_max);
    const double eta_min = state_.eta_min;
    const double amplitude = state_.base_lrs[i] - eta_min;
    if (state_._is_initial) {
      return group.lr;
    }
    if (state_._step_count == 1 && state_.last_epoch > 0) {
      return eta_min + amplitude * (1 + python_cos(epoch * pi / period)) / 2;
    }
    if ((state_.last_epoch - 1 - state_.T_max) % (2 * state_.T_max) == 0) {
      return group.lr + amplitude * (1 - python_cos(pi / period)) / 2;
    }
    const double ratio =
        (1 + python_cos(pi * epoch / period)) / (1 + python_cos(pi * (epoch - 1) / period));
    return detail::rounded(ratio * (group.lr - eta_min)) + eta_min;
  }
  double lr_at_start(double base_lr) const {
    return state_.eta_min + (base_lr - state_.eta_min) * 2 / 2;
  }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::CosineAnnealingLR::Options, (T_max, "steps until the minimum"),
           (eta_min, "smallest rate"), (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::CosineAnnealingLR::State, (T_max, "steps until the minimum"),
           (eta_min, "smallest rate"), LT_DETAIL_SCHEDULER_STATE)
