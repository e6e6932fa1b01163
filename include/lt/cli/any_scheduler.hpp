// SPDX-License-Identifier: Apache-2.0
// A learning-rate schedule that is chosen at run time, from a closed list.
#pragma once

#include "lt/checkpoint/scheduler_state.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/optim/group_rates.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace lt::cli {

/// Holds one of the schedulers `Ss`. In checkpoints it is the scheduler that it holds.
template <class... Ss>
class AnyScheduler {
 public:
  template <class S>
  explicit AnyScheduler(S scheduler) : scheduler_(std::move(scheduler)) {}

  std::string_view class_name() const {
    return std::visit([]<class S>(const S&) { return std::string_view(S::class_name); },
                      scheduler_);
  }
  bool needs_metric() const {
    return std::visit([]<class S>(const S&) { return S::needs_metric; }, scheduler_);
  }
  void attach(std::span<optim::GroupRates> groups) {
    std::visit([&](auto& scheduler) { scheduler.attach(groups); }, scheduler_);
  }
  /// Moves the schedule; the metric is for those that need one.
  void step(std::span<optim::GroupRates> groups, std::optional<double> metric) {
    std::visit(
        [&](auto& scheduler) {
          if constexpr (requires { scheduler.step(groups, 0.0); }) {
            scheduler.step(groups, metric.value());
          } else {
            scheduler.step(groups);
          }
        },
        scheduler_);
  }
  checkpoint::Value state() const {
    return std::visit(
        [](const auto& scheduler) { return checkpoint::scheduler_to_value(scheduler); },
        scheduler_);
  }
  void load_state(const checkpoint::Value& state) {
    std::visit([&](auto& scheduler) { checkpoint::scheduler_from_value(scheduler, state); },
               scheduler_);
  }

 private:
  std::variant<Ss...> scheduler_;
};

}  // namespace lt::cli
