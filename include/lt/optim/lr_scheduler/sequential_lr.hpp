// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"

#include <boost/hana/tuple.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace lt::optim {

/// The state of SequentialLR: its own and that of each scheduler.
template <class... Ss>
struct SequentialLRState {
  std::vector<std::int64_t> _milestones{};
  std::int64_t last_epoch = 0;
  std::vector<double> _last_lr{};
  std::tuple<typename Ss::State...> _schedulers{};
};

/// Several schedulers one after the other; each milestone is the step at which the next begins:
/// `SequentialLR({.milestones = {5}}, LinearLR({}), CosineAnnealingLR({.T_max = 45}))`.
template <class... Ss>
class SequentialLR {
  static_assert(sizeof...(Ss) > 0, "SequentialLR needs at least one scheduler");
  static_assert((!Ss::needs_metric && ...),
                "SequentialLR cannot hold ReduceLROnPlateau, whose step needs a metric");

 public:
  static constexpr std::string_view class_name = "SequentialLR";
  static constexpr bool needs_metric = false;

  struct Options {
    std::vector<std::int64_t> milestones{};
  };
  using State = SequentialLRState<Ss...>;

  explicit SequentialLR(Options options, Ss... schedulers) : schedulers_(std::move(schedulers)...) {
    detail::require(options.milestones.size() == sizeof...(Ss) - 1, class_name,
                    "number of milestones", options.milestones.size(),
                    std::to_string(sizeof...(Ss) - 1) + ", one less than schedulers");
    milestones_ = std::move(options.milestones);
  }

  /// Attaches every scheduler, then starts with the one of step 0 alone.
  void attach(std::span<GroupRates> groups) {
    each([&](auto& scheduler) { scheduler.attach(groups); });
    last_epoch_ = 0;
    for (GroupRates& group : groups) {
      group.lr = group.initial_lr.value_or(group.lr);
    }
    each([](auto& scheduler) { scheduler.undo(); });
    at(index(), [&](auto& scheduler) {
      scheduler.initial_step(groups);
      last_lr_ = scheduler.last_lr();
    });
  }

  /// One step of the scheduler whose turn it is.
  void step(std::span<GroupRates> groups) {
    ++last_epoch_;
    const std::size_t i = index();
    at(i, [&](auto& scheduler) {
      if (i > 0 && milestones_[i - 1] == last_epoch_) {
        scheduler.restart(groups);
      } else {
        scheduler.step(groups);
      }
      last_lr_ = scheduler.last_lr();
    });
  }

  State state() const {
    return {milestones_, last_epoch_, last_lr_,
            std::apply([](const auto&... s) { return std::tuple(s.state()...); }, schedulers_)};
  }
  void load_state(const State& state) {
    milestones_ = state._milestones;
    last_epoch_ = state.last_epoch;
    last_lr_ = state._last_lr;
    load_each(state._schedulers, std::index_sequence_for<Ss...>{});
  }
  /// The rate of each group after the last step.
  const std::vector<double>& last_lr() const { return last_lr_; }

 private:
  std::size_t index() const {
    const auto next = std::upper_bound(milestones_.begin(), milestones_.end(), last_epoch_);
    return static_cast<std::size_t>(next - milestones_.begin());
  }

  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... schedulers) { (f(schedulers), ...); }, schedulers_);
  }

  template <class F>
  void at(std::size_t i, F&& f) {
    std::size_t k = 0;
    each([&](auto& scheduler) {
      if (k++ == i) {
        f(scheduler);
      }
    });
  }

  template <std::size_t... Is>
  void load_each(const std::tuple<typename Ss::State...>& states, std::index_sequence<Is...>) {
    (std::get<Is>(schedulers_).load_state(std::get<Is>(states)), ...);
  }

  std::tuple<Ss...> schedulers_;
  std::vector<std::int64_t> milestones_;
  std::int64_t last_epoch_ = 0;
  std::vector<double> last_lr_;
};

}  // namespace lt::optim

// LT_REFLECT is for plain types; this is the same for a template.
template <class... Ss>
struct lt::Reflection<lt::optim::SequentialLRState<Ss...>> {
  template <class Type>
  static constexpr auto make() {
    return boost::hana::make_tuple(
        lt::Field<Type, decltype(Type::_milestones)>{
            "_milestones", "first step of each but the first", &Type::_milestones},
        lt::Field<Type, decltype(Type::last_epoch)>{"last_epoch", "steps so far",
                                                    &Type::last_epoch},
        lt::Field<Type, decltype(Type::_last_lr)>{
            "_last_lr", "rate of each group after the last step", &Type::_last_lr},
        lt::Field<Type, decltype(Type::_schedulers)>{"_schedulers", "state of each scheduler",
                                                     &Type::_schedulers});
  }
};
