// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace lt::optim {

/// Multiplies the rate by `gamma` at each of the `milestones`; twice if one is listed twice.
class MultiStepLR : public SchedulerBase<MultiStepLR> {
 public:
  static constexpr std::string_view class_name = "MultiStepLR";

  /// Python's names and defaults.
  struct Options {
    std::vector<std::int64_t> milestones{};
    double gamma = 0.1;
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::map<std::int64_t, std::int64_t> milestones{};  ///< step -> how often (Python's Counter)
    double gamma = 0.1;
  };

  explicit MultiStepLR(Options options) {
    for (const std::int64_t milestone : options.milestones) {
      ++state_.milestones[milestone];
    }
    state_.gamma = options.gamma;
    state_.last_epoch = options.last_epoch;
  }

 private:
  friend SchedulerBase;

  double next_lr(const GroupRates& group, std::size_t) const {
    const auto found = state_.milestones.find(state_.last_epoch);
    if (found == state_.milestones.end()) {
      return group.lr;
    }
    return group.lr * detail::python_pow(state_.gamma, static_cast<double>(found->second));
  }
  double lr_at_start(double base_lr) const {
    std::int64_t passed = 0;
    for (const auto& [milestone, count] : state_.milestones) {
      passed += milestone <= 0 ? count : 0;
    }
    return base_lr * detail::python_pow(state_.gamma, static_cast<double>(passed));
  }

  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::MultiStepLR::Options, (milestones, "steps at which the rate changes"),
           (gamma, "factor of each change"), (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::MultiStepLR::State, (milestones, "steps at which the rate changes"),
           (gamma, "factor of each change"), LT_DETAIL_SCHEDULER_STATE)
