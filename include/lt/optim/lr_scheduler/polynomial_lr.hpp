// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt::optim {

/// Lets the rate fall to 0 within `total_iters` steps, as a polynomial of degree `power`.
class PolynomialLR : public SchedulerBase<PolynomialLR> {
 public:
  static constexpr std::string_view class_name = "PolynomialLR";

  /// Python's names and defaults.
  struct Options {
    std::int64_t total_iters = 5;
    double power = 1.0;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::int64_t total_iters = 5;
    double power = 1.0;
  };

  explicit PolynomialLR(Options options) {
    state_.total_iters = options.total_iters;
    state_.power = options.power;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    if (state_._is_initial || state_.last_epoch > state_.total_iters) {
      return group.lr;
    }
    const double epoch = static_cast<double>(state_.last_epoch);
    const double total = static_cast<double>(state_.total_iters);
    const double ratio = (1.0 - epoch / total) / (1.0 - (epoch - 1) / total);
    return group.lr * detail::python_pow(ratio, state_.power);
  }
  double lr_at_start(double base_lr) const { return base_lr; }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::PolynomialLR::Options, (total_iters, "steps until 0"),
           (power, "degree of the polynomial"), (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::PolynomialLR::State, (total_iters, "steps until 0"),
           (power, "degree of the polynomial"), LT_DETAIL_SCHEDULER_STATE)
