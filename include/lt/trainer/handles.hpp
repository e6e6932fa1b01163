// SPDX-License-Identifier: Apache-2.0
// Optimizers and schedules as hooks and manual optimization see them: a step goes through the
// precision, the strategy and all hooks, and is counted.
#pragma once

#include "lt/optim/group_rates.hpp"
#include "lt/trainer/optimizer_set.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace lt {

/// Stands in when `configure_optimizers` returned none: steps run forward and backward, nothing is
/// updated.
struct NoOptimizer {
  void zero_grad(bool = true) {}
};
inline std::size_t group_count(const NoOptimizer&) { return 0; }
inline optim::GroupRates rates(const NoOptimizer&, std::size_t) { return {}; }
inline void set_rates(NoOptimizer&, std::size_t, const optim::GroupRates&) {}

/// Refers to optimizer `index()` of a run. Cheap to copy; valid during the run.
template <class Engine, class O>
class OptimizerHandle {
 public:
  OptimizerHandle(Engine& engine, O& optimizer, std::size_t index)
      : engine_(&engine), optimizer_(&optimizer), index_(index) {}

  /// The optimizer itself.
  O& optimizer() const { return *optimizer_; }
  std::size_t index() const { return index_; }

  /// Runs `closure` (which computes the loss and its gradients), then updates.
  template <std::invocable F>
  auto step(F&& closure) {
    return engine_->step_optimizer(*this, closure);
  }
  /// Updates from the gradients that are there.
  void step() {
    auto nothing = [] {};
    engine_->step_optimizer(*this, nothing);
  }
  void zero_grad(bool set_to_none = true) { optimizer_->zero_grad(set_to_none); }

  std::size_t group_count() const {
    return group_count(*optimizer_);
  }
  optim::GroupRates rates(std::size_t group) const {
    return lt::rates(*optimizer_, group);
  }
  void set_lr(std::size_t group, double lr) {
    auto changed = lt::rates(*optimizer_, group);
    changed.lr = lr;
    lt::set_rates(*optimizer_, group, changed);
  }

 private:
  Engine* engine_;
  O* optimizer_;
  std::size_t index_;
};

/// Refers to schedule `index()` of a run.
template <class S, class O>
class ScheduleHandle {
 public:
  ScheduleHandle(AttachedSchedule<S>& schedule, O& optimizer, std::size_t index)
      : schedule_(&schedule), optimizer_(&optimizer), index_(index) {}

  std::size_t index() const { return index_; }
  bool is_plateau() const { return schedule_->is_plateau(); }
  S& scheduler() const { return schedule_->scheduler; }

  /// Moves the schedule; `metric` for those that need one.
  void step(std::optional<double> metric = {}) {
    detail::with_rates(*schedule_, *optimizer_, [&](S& scheduler, auto& rates) {
      const std::span<optim::GroupRates> groups(rates);
      if constexpr (requires { scheduler.step(groups, metric); }) {
        scheduler.step(groups, metric);
      } else if constexpr (requires { scheduler.step(groups, 0.0); }) {
        scheduler.step(groups, metric.value());
      } else {
        scheduler.step(groups);
      }
    });
  }

 private:
  AttachedSchedule<S>* schedule_;
  O* optimizer_;
  std::size_t index_;
};

/// Refers to a schedule and the set in which its optimizer is: what `ctx.lr_schedulers()` gives to
/// models that move their schedules by hand.
template <class S, class Set>
class ManualSchedule {
 public:
  ManualSchedule(AttachedSchedule<S>& schedule, Set& set, std::size_t index)
      : schedule_(&schedule), set_(&set), index_(index) {}

  std::size_t index() const { return index_; }
  bool is_plateau() const { return schedule_->is_plateau(); }
  S& scheduler() const { return schedule_->scheduler; }

  /// Moves the schedule; `metric` for those that need one.
  void step(std::optional<double> metric = {}) {
    set_->visit(schedule_->optimizer, [&](std::size_t, auto& optimizer) {
      ScheduleHandle(*schedule_, optimizer, index_).step(metric);
    });
  }

 private:
  AttachedSchedule<S>* schedule_;
  Set* set_;
  std::size_t index_;
};

}  // namespace lt
