// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim {

/// One stretch of OneCycleLR; the texts name the group's values between which it goes.
struct SchedulePhase {
  double end_step = 0;
  std::string start_lr{};
  std::string end_lr{};
  std::string start_momentum{};
  std::string end_momentum{};
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::SchedulePhase, (end_step, "last step"), (start_lr, "first rate"),
           (end_lr, "last rate"), (start_momentum, "first momentum"),
           (end_momentum, "last momentum"))

namespace lt::optim {

/// Smith's one-cycle policy: the rate rises from `max_lr / div_factor` to `max_lr`, then falls to
/// `max_lr / div_factor / final_div_factor`; the momentum goes the other way. Stepped after every
/// batch, at most `total_steps` times. `max_lr` must be given (one value, or one for each group),
/// and either `total_steps` or `epochs` and `steps_per_epoch`.
class OneCycleLR : public SchedulerBase<OneCycleLR> {
 public:
  static constexpr std::string_view class_name = "OneCycleLR";
  static constexpr bool rates_by_group = true;

  /// Python's names and defaults.
  struct Options {
    std::vector<double> max_lr{};
    std::optional<std::int64_t> total_steps{};
    std::optional<std::int64_t> epochs{};
    std::optional<std::int64_t> steps_per_epoch{};
    double pct_start = 0.3;
    std::string anneal_strategy = "cos";
    bool cycle_momentum = true;
    std::vector<double> base_momentum{0.85};
    std::vector<double> max_momentum{0.95};
    double div_factor = 25.0;
    double final_div_factor = 1e4;
    bool three_phase = false;
    std::int64_t last_epoch = -1;
  };
  /// Python keeps the limits of each group in the optimizer's groups; a copy is here for optimizers
  /// whose groups have no place for them.
  struct State : SchedulerState {
    std::int64_t total_steps = 0;
    std::vector<SchedulePhase> _schedule_phases{};
    std::string _anneal_func_type = "cos";
    bool cycle_momentum = true;
    bool use_beta1 = false;
    std::vector<double> max_lrs{};
    std::vector<double> min_lrs{};
    std::vector<double> max_momentums{};
    std::vector<double> base_momentums{};
  };

  explicit OneCycleLR(Options options) : options_(std::move(options)) {
    const Options& o = options_;
    const auto positive = [](std::string_view option, std::int64_t value) {
      detail::require(value > 0, class_name, option, value, "1 or more");
      return value;
    };
    if (o.total_steps) {
      state_.total_steps = positive("total_steps", *o.total_steps);
    } else if (o.epochs && o.steps_per_epoch) {
      state_.total_steps =
          positive("epochs", *o.epochs) * positive("steps_per_epoch", *o.steps_per_epoch);
    } else {
      throw ConfigError(
          "OneCycleLR: total_steps is not given; expected it, or epochs and steps_per_epoch");
    }
    detail::require(o.pct_start >= 0 && o.pct_start <= 1, class_name, "pct_start", o.pct_start,
                    "between 0 and 1");
    detail::require(o.anneal_strategy == "cos" || o.anneal_strategy == "linear", class_name,
                    "anneal_strategy", std::string_view(o.anneal_strategy), "cos or linear");
    const double total = static_cast<double>(state_.total_steps);
    const double peak = detail::rounded(o.pct_start * total) - 1;
    state_._schedule_phases.push_back(
        {peak, "initial_lr", "max_lr", "max_momentum", "base_momentum"});
    if (o.three_phase) {
      state_._schedule_phases.push_back({detail::rounded(2 * o.pct_start * total) - 2, "max_lr",
                                         "initial_lr", "base_momentum", "max_momentum"});
      state_._schedule_phases.push_back(
          {total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"});
    } else {
      state_._schedule_phases.push_back(
          {total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"});
    }
    state_._anneal_func_type = o.anneal_strategy;
    state_.cycle_momentum = o.cycle_momentum;
    state_.last_epoch = o.last_epoch;
  }

  /// As SchedulerBase::attach; also sets the groups' limits and momentum.
  void attach(std::span<GroupRates> groups) {
    const Options& o = options_;
    state_.max_lrs = detail::per_group(class_name, "max_lr", o.max_lr, groups.size());
    state_.min_lrs.resize(groups.size());
    if (o.cycle_momentum) {
      state_.max_momentums =
          detail::per_group(class_name, "max_momentum", o.max_momentum, groups.size());
      state_.base_momentums =
          detail::per_group(class_name, "base_momentum", o.base_momentum, groups.size());
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      GroupRates& group = groups[i];
      const double initial = state_.max_lrs[i] / o.div_factor;
      state_.min_lrs[i] = initial / o.final_div_factor;
      if (o.last_epoch == -1) {
        group.initial_lr = initial;
        group.max_lr = state_.max_lrs[i];
        group.min_lr = state_.min_lrs[i];
      }
      if (o.cycle_momentum) {
        if (!group.momentum) {
          throw ConfigError(
              "OneCycleLR: the optimizer has no momentum or betas; expected one of them with "
              "cycle_momentum");
        }
        state_.use_beta1 = group.momentum_is_beta1;
        if (o.last_epoch == -1) {
          group.momentum = state_.max_momentums[i];
          group.max_momentum = state_.max_momentums[i];
          group.base_momentum = state_.base_momentums[i];
        }
      }
    }
    SchedulerBase::attach(groups);
  }

 private:
  friend SchedulerBase;

  double anneal(double start, double end, double part) const {
    if (state_._anneal_func_type == "cos") {
      const double height = detail::python_cos(detail::pi * part) + 1;
      return end + detail::rounded((start - end) / 2.0 * height);
    }
    return detail::rounded((end - start) * part) + start;
  }

  /// The group's value that a phase names; the state's copy if the group has none.
  double limit(const GroupRates& group, std::size_t i, std::string_view name) const {
    const auto pick = [&](const std::optional<double>& own, const std::vector<double>& kept) {
      return own ? *own : kept.at(i);
    };
    if (name == "initial_lr") {
      return pick(group.initial_lr, state_.base_lrs);
    }
    if (name == "max_lr") {
      return pick(group.max_lr, state_.max_lrs);
    }
    if (name == "min_lr") {
      return pick(group.min_lr, state_.min_lrs);
    }
    return name == "max_momentum" ? pick(group.max_momentum, state_.max_momentums)
                                  : pick(group.base_momentum, state_.base_momentums);
  }

  double next_lr(GroupRates& group, std::size_t i) const {
    const std::int64_t step = state_.last_epoch;
    detail::require(step <= state_.total_steps, class_name, "number of steps", step,
                    "at most total_steps = " + std::to_string(state_.total_steps));
    double start_step = 0.0;
    const SchedulePhase* phase = &state_._schedule_phases.front();
    while (static_cast<double>(step) > phase->end_step &&
           phase != &state_._schedule_phases.back()) {
      start_step = phase->end_step;
      ++phase;
    }
    const double part = (static_cast<double>(step) - start_step) / (phase->end_step - start_step);
    if (state_.cycle_momentum) {
      group.momentum = anneal(limit(group, i, phase->start_momentum),
                              limit(group, i, phase->end_momentum), part);
    }
    return anneal(limit(group, i, phase->start_lr), limit(group, i, phase->end_lr), part);
  }

  Options options_;
  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::OneCycleLR::Options,
           (max_lr, "highest rate; one value or one for each group"),
           (total_steps, "steps of the cycle"),
           (epochs, "with steps_per_epoch: steps of the cycle"),
           (steps_per_epoch, "with epochs: steps of the cycle"),
           (pct_start, "part of the cycle that rises"), (anneal_strategy, "cos or linear"),
           (cycle_momentum, "cycle the momentum too"), (base_momentum, "lowest momentum"),
           (max_momentum, "highest momentum"), (div_factor, "highest rate over the first"),
           (final_div_factor, "first rate over the last"),
           (three_phase, "fall back symmetrically, then anneal to the end"),
           (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::OneCycleLR::State, (total_steps, "steps of the cycle"),
           (_schedule_phases, "the stretches of the cycle"), (_anneal_func_type, "cos or linear"),
           (cycle_momentum, "cycle the momentum too"), (use_beta1, "the momentum is betas[0]"),
           (max_lrs, "highest rate of each group"), (min_lrs, "lowest rate of each group"),
           (max_momentums, "highest momentum of each group"),
           (base_momentums, "lowest momentum of each group"), LT_DETAIL_SCHEDULER_STATE)
