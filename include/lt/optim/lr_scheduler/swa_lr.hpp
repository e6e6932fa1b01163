// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::optim {

/// Brings the rate of each group to `swa_lr` within `anneal_epochs` steps and keeps it there: the
/// schedule of stochastic weight averaging. `swa_lr` must be given, one value or one for each
/// group. Source: torch/optim/swa_utils.py, SWALR.
class SWALR : public SchedulerBase<SWALR> {
 public:
  static constexpr std::string_view class_name = "SWALR";
  static constexpr bool rates_by_group = true;

  /// Python's names and defaults.
  struct Options {
    std::vector<double> swa_lr{};
    std::int64_t anneal_epochs = 10;
    std::string anneal_strategy = "cos";  ///< or "linear"
    std::int64_t last_epoch = -1;
  };
  /// As in Python without `swa_lr`, which belongs to the groups.
  struct State : SchedulerState {
    std::string _anneal_strategy = "cos";
    std::int64_t anneal_epochs = 10;
  };

  /// Errors: ConfigError for options out of range.
  explicit SWALR(Options options) : swa_lr_(std::move(options.swa_lr)) {
    detail::require(!swa_lr_.empty(), class_name, "number of swa_lr", swa_lr_.size(), "1 or more");
    detail::require(options.anneal_epochs >= 0, class_name, "anneal_epochs", options.anneal_epochs,
                    "0 or more");
    detail::require(options.anneal_strategy == "cos" || options.anneal_strategy == "linear",
                    class_name, "anneal_strategy", options.anneal_strategy, "cos or linear");
    state_._anneal_strategy = std::move(options.anneal_strategy);
    state_.anneal_epochs = options.anneal_epochs;
    state_.last_epoch = options.last_epoch;
  }

  /// As SchedulerBase::attach. Errors: ConfigError if the rates do not fit the groups.
  void attach(std::span<GroupRates> groups) {
    swa_lr_ = detail::per_group(class_name, "swa_lr", swa_lr_, groups.size());
    SchedulerBase::attach(groups);
  }

 private:
  friend SchedulerBase;

  double weight_at(std::int64_t step) const {
    const auto epochs = static_cast<double>(std::max<std::int64_t>(1, state_.anneal_epochs));
    const double t = std::clamp(static_cast<double>(step) / epochs, 0.0, 1.0);
    return state_._anneal_strategy == "cos" ? (1 - detail::python_cos(detail::pi * t)) / 2 : t;
  }

  // What the rate would be without the annealing so far, mixed anew.
  double next_lr(const GroupRates& group, std::size_t i) const {
    std::int64_t step = state_._step_count - 1;
    if (state_.anneal_epochs == 0) {
      step = std::max<std::int64_t>(1, step);
    }
    const double swa_lr = swa_lr_.at(std::min(i, swa_lr_.size() - 1));
    const double before = weight_at(step - 1);
    const double lr =
        before == 1 ? swa_lr : (group.lr - detail::rounded(before * swa_lr)) / (1 - before);
    const double now = weight_at(step);
    return detail::rounded(swa_lr * now) + detail::rounded(lr * (1 - now));
  }

  std::vector<double> swa_lr_;
  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::SWALR::Options, (swa_lr, "final rate, one or one per group"),
           (anneal_epochs, "steps until it is reached"), (anneal_strategy, "cos or linear"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::SWALR::State, (_anneal_strategy, "cos or linear"),
           (anneal_epochs, "steps until the final rate"), LT_DETAIL_SCHEDULER_STATE)
