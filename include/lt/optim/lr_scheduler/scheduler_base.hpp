// SPDX-License-Identifier: Apache-2.0
// What the learning-rate schedulers share; the arithmetic is torch/optim/lr_scheduler.py's.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/optim/option_check.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim {

/// The part of Python's scheduler `state_dict()` that all schedulers have, under Python's names.
struct SchedulerState {
  std::vector<double> base_lrs{};
  std::int64_t last_epoch = -1;
  std::int64_t _step_count = 0;
  bool _is_initial = false;
  bool _get_lr_called_within_step = false;
  std::vector<double> _last_lr{};
};

}  // namespace lt::optim

// The fields of SchedulerState, for the LT_REFLECT of the states derived from it.
#define LT_DETAIL_SCHEDULER_STATE                                                              \
  (base_lrs, "initial rate of each group"), (last_epoch, "steps so far"),                      \
      (_step_count, "calls so far, the initial one included"),                                 \
      (_is_initial, "within the initial step"), (_get_lr_called_within_step, "Python's flag"), \
      (_last_lr, "rate of each group after the last step")

LT_REFLECT(lt::optim::SchedulerState, LT_DETAIL_SCHEDULER_STATE)

namespace lt::optim {

namespace detail {

inline void require_groups(std::string_view owner, std::size_t found, std::size_t expected) {
  require(found == expected, owner, "number of parameter groups", found, std::to_string(expected));
}

/// An option with one value for all groups or one for each.
inline std::vector<double> per_group(std::string_view owner, std::string_view option,
                                     const std::vector<double>& values, std::size_t groups) {
  if (values.size() == 1) {
    return std::vector<double>(groups, values[0]);
  }
  if (values.size() != groups) {
    throw ConfigError(std::string(owner) + ": " + std::string(option) + " has " +
                      std::to_string(values.size()) + " values; expected 1 or " +
                      std::to_string(groups) + ", one for each parameter group");
  }
  return values;
}

}  // namespace detail

/// Base of the schedulers (CRTP). `Derived` has a `state_` and
/// `double next_lr(GroupRates& group, std::size_t i)`: the rate of group `i` at `last_epoch`.
/// Optional: `double lr_at_start(double base_lr)`, torch's closed form at epoch 0;
/// `static constexpr bool rates_by_group`, for options that were given group by group.
template <class Derived>
class SchedulerBase {
 public:
  static constexpr bool needs_metric = false;

  /// What Python's constructor does to the optimizer: sets `initial_lr` where it is absent, then
  /// does the initial step. Errors: ConfigError for options that do not fit the groups.
  void attach(std::span<GroupRates> groups) {
    auto& state = self().state_;
    state.base_lrs.clear();
    for (GroupRates& group : groups) {
      if (!group.initial_lr) {
        if (state.last_epoch != -1) {
          detail::require(false, Derived::class_name, "last_epoch", state.last_epoch,
                          "-1, as a parameter group has no initial_lr to resume from");
        }
        group.initial_lr = group.lr;
      }
      state.base_lrs.push_back(*group.initial_lr);
    }
    initial_step(groups);
  }

  /// One step: the new rates are written into `groups`.
  void step(std::span<GroupRates> groups) {
    ++self().state_._step_count;
    ++self().state_.last_epoch;
    update(groups);
  }

  const auto& state() const { return self().state_; }
  template <class State>
  void load_state(const State& state) {
    self().state_ = state;
  }
  /// The rate of each group after the last step.
  const std::vector<double>& last_lr() const { return self().state_._last_lr; }

  // The next three are for SequentialLR.
  void initial_step(std::span<GroupRates> groups) {
    auto& state = self().state_;
    state._step_count = 0;
    state._is_initial = true;
    self().step(groups);
    state._is_initial = false;
  }
  void undo() { --self().state_.last_epoch; }
  void restart(std::span<GroupRates> groups) {
    auto& state = self().state_;
    state.last_epoch = 0;
    if constexpr (requires { self().lr_at_start(1.0); }) {
      detail::require_groups(Derived::class_name, groups.size(), state.base_lrs.size());
      for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i].lr = self().lr_at_start(state.base_lrs[i]);
      }
      remember(groups);
    } else {
      update(groups);
    }
  }

 protected:
  void update(std::span<GroupRates> groups) {
    if constexpr (!requires { Derived::rates_by_group; }) {
      // Groups that were added since (finetuning) start from the rate that they have.
      auto& base_lrs = self().state_.base_lrs;
      for (std::size_t i = base_lrs.size(); i < groups.size(); ++i) {
        base_lrs.push_back(groups[i].initial_lr.value_or(groups[i].lr));
      }
    }
    detail::require_groups(Derived::class_name, groups.size(), self().state_.base_lrs.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].lr = self().next_lr(groups[i], i);
    }
    remember(groups);
  }

 private:
  void remember(std::span<const GroupRates> groups) {
    auto& last = self().state_._last_lr;
    last.resize(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      last[i] = groups[i].lr;
    }
  }

  Derived& self() { return static_cast<Derived&>(*this); }
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

}  // namespace lt::optim
