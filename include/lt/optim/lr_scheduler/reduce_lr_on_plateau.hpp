// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim {

/// Multiplies the rate by `factor` when a metric has not improved for more than `patience` steps.
/// The only scheduler whose step takes a metric.
class ReduceLROnPlateau {
 public:
  static constexpr std::string_view class_name = "ReduceLROnPlateau";
  static constexpr bool needs_metric = true;

  /// Python's names and defaults.
  struct Options {
    std::string mode = "min";
    double factor = 0.1;
    std::int64_t patience = 10;
    double threshold = 1e-4;
    std::string threshold_mode = "rel";
    std::int64_t cooldown = 0;
    std::vector<double> min_lr{0.0};  ///< one value, or one for each group
    double eps = 1e-8;
  };
  struct State {
    double factor = 0.1;
    std::optional<double> default_min_lr{};
    std::vector<double> min_lrs{};
    std::int64_t patience = 10;
    std::int64_t cooldown = 0;
    double eps = 1e-8;
    std::int64_t last_epoch = 0;
    std::vector<double> _last_lr{};
    double mode_worse = std::numeric_limits<double>::infinity();
    std::string mode = "min";
    double threshold = 1e-4;
    std::string threshold_mode = "rel";
    double best = std::numeric_limits<double>::infinity();
    std::int64_t cooldown_counter = 0;
    std::int64_t num_bad_epochs = 0;
  };

  explicit ReduceLROnPlateau(Options options) : min_lr_(std::move(options.min_lr)) {
    detail::require(options.factor < 1.0, class_name, "factor", options.factor, "below 1");
    detail::require(options.mode == "min" || options.mode == "max", class_name, "mode",
                    std::string_view(options.mode), "min or max");
    detail::require(options.threshold_mode == "rel" || options.threshold_mode == "abs", class_name,
                    "threshold_mode", std::string_view(options.threshold_mode), "rel or abs");
    state_.factor = options.factor;
    state_.patience = options.patience;
    state_.cooldown = options.cooldown;
    state_.eps = options.eps;
    state_.mode = std::move(options.mode);
    state_.mode_worse = (state_.mode == "min" ? 1 : -1) * std::numeric_limits<double>::infinity();
    state_.best = state_.mode_worse;
    state_.threshold = options.threshold;
    state_.threshold_mode = std::move(options.threshold_mode);
  }

  /// Takes note of the groups; changes no rate. Errors: ConfigError if `min_lr` does not fit them.
  void attach(std::span<GroupRates> groups) {
    state_.min_lrs = detail::per_group(class_name, "min_lr", min_lr_, groups.size());
    if (min_lr_.size() == 1) {
      state_.default_min_lr = min_lr_[0];
    }
    remember(groups);
  }

  /// One step with the value of the monitored metric; new rates are written into `groups`.
  void step(std::span<GroupRates> groups, double metric) {
    ++state_.last_epoch;
    if (is_better(metric)) {
      state_.best = metric;
      state_.num_bad_epochs = 0;
    } else {
      ++state_.num_bad_epochs;
    }
    if (state_.cooldown_counter > 0) {
      --state_.cooldown_counter;
      state_.num_bad_epochs = 0;  // bad ones do not count while cooling down
    }
    if (state_.num_bad_epochs > state_.patience) {
      reduce(groups);
      state_.cooldown_counter = state_.cooldown;
      state_.num_bad_epochs = 0;
    }
    remember(groups);
  }

  const State& state() const { return state_; }
  void load_state(const State& state) { state_ = state; }
  /// The rate of each group after the last step.
  const std::vector<double>& last_lr() const { return state_._last_lr; }

 private:
  bool is_better(double metric) const {
    const bool relative = state_.threshold_mode == "rel";
    if (state_.mode == "min") {
      return metric <
             (relative ? state_.best * (1.0 - state_.threshold) : state_.best - state_.threshold);
    }
    return metric >
           (relative ? state_.best * (state_.threshold + 1.0) : state_.best + state_.threshold);
  }

  void reduce(std::span<GroupRates> groups) {
    if (groups.size() != state_.min_lrs.size()) {  // a group was added since
      if (!state_.default_min_lr) {
        detail::require_groups(class_name, groups.size(), state_.min_lrs.size());
      }
      state_.min_lrs.assign(groups.size(), *state_.default_min_lr);
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const double lr = std::max(detail::rounded(groups[i].lr * state_.factor), state_.min_lrs[i]);
      if (groups[i].lr - lr > state_.eps) {
        groups[i].lr = lr;
      }
    }
  }

  void remember(std::span<const GroupRates> groups) {
    state_._last_lr.resize(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      state_._last_lr[i] = groups[i].lr;
    }
  }

  std::vector<double> min_lr_;
  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::ReduceLROnPlateau::Options, (mode, "min or max"),
           (factor, "factor of each reduction"), (patience, "bad steps that are tolerated"),
           (threshold, "what counts as an improvement"), (threshold_mode, "rel or abs"),
           (cooldown, "steps to wait after a reduction"),
           (min_lr, "smallest rate; one value or one for each group"),
           (eps, "smaller changes are not made"))
LT_REFLECT(lt::optim::ReduceLROnPlateau::State, (factor, "factor of each reduction"),
           (default_min_lr, "smallest rate of all groups"),
           (min_lrs, "smallest rate of each group"), (patience, "bad steps that are tolerated"),
           (cooldown, "steps to wait after a reduction"), (eps, "smaller changes are not made"),
           (last_epoch, "steps so far"), (_last_lr, "rate of each group after the last step"),
           (mode_worse, "worst possible metric"), (mode, "min or max"),
           (threshold, "what counts as an improvement"), (threshold_mode, "rel or abs"),
           (best, "best metric so far"), (cooldown_counter, "steps left to wait"),
           (num_bad_epochs, "bad steps in a row"))
