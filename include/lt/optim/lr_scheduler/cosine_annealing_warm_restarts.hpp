// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Cosine annealing that jumps back to the initial rate after `T_0` steps, then after `T_mult`
/// times as many, and so on. `T_0` must be given.
class CosineAnnealingWarmRestarts : public SchedulerBase<CosineAnnealingWarmRestarts> {
 public:
  static constexpr std::string_view class_name = "CosineAnnealingWarmRestarts";

  /// Python's names and defaults.
  struct Options {
    std::int64_t T_0 = 0;
    std::int64_t T_mult = 1;
    double eta_min = 0.0;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::int64_t T_0 = 0;
    std::int64_t T_i = 0;
    std::int64_t T_mult = 1;
    double eta_min = 0.0;
    std::int64_t T_cur = -1;
  };

  explicit CosineAnnealingWarmRestarts(Options options) {
    detail::require(options.T_0 > 0, class_name, "T_0", options.T_0, "1 or more");
    detail::require(options.T_mult >= 1, class_name, "T_mult", options.T_mult, "1 or more");
    state_.T_0 = options.T_0;
    state_.T_i = options.T_0;
    state_.T_mult = options.T_mult;
    state_.eta_min = options.eta_min;
    state_.T_cur = options.last_epoch;
    state_.last_epoch = options.last_epoch;
  }

  /// One step. As in Python it does not count in `_step_count`.
  void step(std::span<GroupRates> groups) {
    if (state_.last_epoch < 0) {
      state_.T_i = state_.T_0;
      state_.T_cur = 0;
      state_.last_epoch = 0;
    } else {
      ++state_.last_epoch;
      ++state_.T_cur;
      if (state_.T_cur >= state_.T_i) {
        state_.T_cur %= state_.T_i;
        state_.T_i *= state_.T_mult;
      }
    }
    update(groups);
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates&, std::size_t i) const {
    const double angle =
        detail::pi * static_cast<double>(state_.T_cur) / static_cast<double>(state_.T_i);
    return state_.eta_min +
           (state_.base_lrs[i] - state_.eta_min) * (1 + detail::python_cos(angle)) / 2;
  }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::CosineAnnealingWarmRestarts::Options, (T_0, "steps until the first restart"),
           (T_mult, "growth of the period at each restart"), (eta_min, "smallest rate"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::CosineAnnealingWarmRestarts::State, (T_0, "steps until the first restart"),
           (T_i, "steps between the last restart and the next"),
           (T_mult, "growth of the period at each restart"), (eta_min, "smallest rate"),
           (T_cur, "steps since the last restart"), LT_DETAIL_SCHEDULER_STATE)
