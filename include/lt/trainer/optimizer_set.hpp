// SPDX-License-Identifier: Apache-2.0
// The optimizers and schedules of a run in one form, whatever `configure_optimizers` returned.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/part_list.hpp"
#include "lt/core/text.hpp"
#include "lt/optim/configured.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/optim/torch_optim.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

// For optimizers of LibTorch, which know nothing of these.
using optim::group_count;
using optim::rates;
using optim::set_rates;

/// Something that updates parameters from their gradients.
template <class O>
concept OptimizerLike = requires(O& optimizer) {
  optimizer.zero_grad();
  group_count(optimizer);
  rates(optimizer, std::size_t{});
};

/// A schedule that is attached to one of the optimizers.
template <class S>
struct AttachedSchedule {
  S scheduler;
  ScheduleOptions options;
  std::size_t optimizer = 0;
  std::vector<optim::GroupRates> rates{};

  /// True for a schedule that is moved by a metric (ReduceLROnPlateau).
  bool is_plateau() const {
    if constexpr (requires { { scheduler.needs_metric() } -> std::same_as<bool>; }) {
      return scheduler.needs_metric();
    } else if constexpr (requires { S::needs_metric; }) {
      return S::needs_metric;
    } else {
      return false;
    }
  }
  std::string_view class_name() const {
    if constexpr (requires { { scheduler.class_name() } -> std::convertible_to<std::string_view>; }) {
      return scheduler.class_name();
    } else {
      return S::class_name;
    }
  }
};

/// True for a part that may put a schedule of its own in the place of the model's; it says
/// `static constexpr bool replaces_schedules = true`. Trainers without one have no code for it.
template <class P>
inline constexpr bool replaces_schedules = requires { requires P::replaces_schedules; };
template <class... Ps>
inline constexpr bool replaces_schedules<PartList<Ps...>> = (replaces_schedules<Ps> || ...);
template <class... Ps>
inline constexpr bool replaces_schedules<std::tuple<Ps...>> = (replaces_schedules<Ps> || ...);

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;
template <class T>
inline constexpr bool is_optimizers = false;
template <class O, class... Ss>
inline constexpr bool is_optimizers<Optimizers<O, Ss...>> = true;
template <class T>
inline constexpr bool is_vector_pair = false;
template <class O, class S>
inline constexpr bool is_vector_pair<std::pair<std::vector<O>, std::vector<Schedule<S>>>> = true;
template <class T>
inline constexpr bool is_optimizer_vector = false;
template <class T>
inline constexpr bool is_optimizer_vector<std::vector<T>> = true;

/// Reads the rates of an optimizer, lets the scheduler change them, and writes them back. What an
/// optimizer has no place for (LibTorch's own keep no initial_lr) is remembered here.
template <class S, class O, class Change>
void with_rates(AttachedSchedule<S>& schedule, O& optimizer, Change&& change) {
  const std::size_t count = group_count(optimizer);
  schedule.rates.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    optim::GroupRates current = rates(optimizer, i);
    if (!current.initial_lr) {
      current.initial_lr = schedule.rates[i].initial_lr;
    }
    schedule.rates[i] = current;
  }
  change(schedule.scheduler, schedule.rates);
  for (std::size_t i = 0; i < count; ++i) {
    set_rates(optimizer, i, schedule.rates[i]);
  }
}

}  // namespace detail

/// Optimizers of different types, their number known to the compiler.
template <class Os, class Ss>
class StaticOptimizerSet;

template <class... Os, class... Ss>
class StaticOptimizerSet<std::tuple<Os...>, std::tuple<Ss...>> {
 public:
  static constexpr bool is_static = true;
  static constexpr std::size_t static_size = sizeof...(Os);
  template <std::size_t I>
  using optimizer_type = std::tuple_element_t<I, std::tuple<Os...>>;

  StaticOptimizerSet(std::tuple<Os...> optimizers, std::tuple<AttachedSchedule<Ss>...> schedules)
      : optimizers_(std::move(optimizers)), schedules_(std::move(schedules)) {}

  std::size_t size() const { return sizeof...(Os); }
  std::size_t schedule_count() const { return sizeof...(Ss); }

  /// Calls `f(index, optimizer)` for each.
  template <class F>
  void for_each(F&& f) {
    each(f, std::index_sequence_for<Os...>{});
  }
  /// Calls `f(index, optimizer)` for the one with that index.
  template <class F>
  void visit(std::size_t index, F&& f) {
    one(index, f, std::index_sequence_for<Os...>{});
  }
  /// Calls `f(index, schedule)` for each schedule.
  template <class F>
  void for_each_schedule(F&& f) {
    each_schedule(f, std::index_sequence_for<Ss...>{});
  }
  static constexpr std::size_t static_schedules = sizeof...(Ss);
  template <std::size_t I>
  auto& schedule() {
    return std::get<I>(schedules_);
  }

 private:
  template <class F, std::size_t... I>
  void each(F& f, std::index_sequence<I...>) {
    (f(I, std::get<I>(optimizers_)), ...);
  }
  template <class F, std::size_t... I>
  void one(std::size_t index, F& f, std::index_sequence<I...>) {
    (void)((index == I ? (f(I, std::get<I>(optimizers_)), true) : false) || ...);
  }
  template <class F, std::size_t... I>
  void each_schedule(F& f, std::index_sequence<I...>) {
    (f(I, std::get<I>(schedules_)), ...);
  }

  std::tuple<Os...> optimizers_;
  std::tuple<AttachedSchedule<Ss>...> schedules_;
};

/// Optimizers of one type, their number known at run time only. May be empty: then the run goes on
/// without an optimizer.
template <class O, class S>
class DynamicOptimizerSet {
 public:
  static constexpr bool is_static = false;
  template <std::size_t>
  using optimizer_type = O;
  using schedule_type = S;

  DynamicOptimizerSet(std::vector<O> optimizers, std::vector<AttachedSchedule<S>> schedules)
      : optimizers_(std::move(optimizers)), schedules_(std::move(schedules)) {}

  std::size_t size() const { return optimizers_.size(); }
  std::size_t schedule_count() const { return schedules_.size(); }

  template <class F>
  void for_each(F&& f) {
    for (std::size_t i = 0; i < optimizers_.size(); ++i) {
      f(i, optimizers_[i]);
    }
  }
  template <class F>
  void visit(std::size_t index, F&& f) {
    if (index < optimizers_.size()) {
      f(index, optimizers_[index]);
    }
  }
  template <class F>
  void for_each_schedule(F&& f) {
    for (std::size_t i = 0; i < schedules_.size(); ++i) {
      f(i, schedules_[i]);
    }
  }

 private:
  std::vector<O> optimizers_;
  std::vector<AttachedSchedule<S>> schedules_;
};

namespace detail {

/// A scheduler type for sets that have no schedule at all.
struct NoScheduler {
  static constexpr std::string_view class_name = "none";
  static constexpr bool needs_metric = false;
  using State = std::vector<double>;
  State state() const { return {}; }
  void load_state(const State&) {}
  void attach(std::span<optim::GroupRates>) {}
  void step(std::span<optim::GroupRates>) {}
};

template <class S>
AttachedSchedule<S> attached(Schedule<S> schedule, std::size_t optimizer) {
  return {std::move(schedule.scheduler), std::move(schedule.options), optimizer};
}

// One optimizer with its schedules, as a pair of tuples.
template <class O, class... Ss>
auto split(Optimizers<O, Schedule<Ss>...> configured, std::size_t index) {
  return std::pair(std::tuple<O>(std::move(configured.optimizer)),
                   std::apply(
                       [&](auto&... schedule) {
                         return std::tuple<AttachedSchedule<Ss>...>(
                             attached(std::move(schedule), index)...);
                       },
                       configured.schedules));
}
template <class O>
auto split(O optimizer, std::size_t) {
  return std::pair(std::tuple<O>(std::move(optimizer)), std::tuple<>());
}

template <class... Os, class... Ss>
auto make_static_set(std::tuple<Os...> optimizers, std::tuple<AttachedSchedule<Ss>...> schedules) {
  return StaticOptimizerSet<std::tuple<Os...>, std::tuple<Ss...>>(std::move(optimizers),
                                                                 std::move(schedules));
}

template <class Tuple, std::size_t... I>
auto split_all(Tuple configured, std::index_sequence<I...>) {
  auto parts = std::tuple(split(std::move(std::get<I>(configured)), I)...);
  return make_static_set(std::tuple_cat(std::move(std::get<I>(parts).first)...),
                         std::tuple_cat(std::move(std::get<I>(parts).second)...));
}

}  // namespace detail

/// Brings the answer of `configure_optimizers` into one form.
template <class C>
auto make_optimizer_set(C configured) {
  if constexpr (detail::is_tuple<C>) {
    return detail::split_all(std::move(configured),
                             std::make_index_sequence<std::tuple_size_v<C>>{});
  } else if constexpr (detail::is_vector_pair<C>) {
    using O = typename C::first_type::value_type;
    using S = typename C::second_type::value_type::scheduler_type;
    std::vector<AttachedSchedule<S>> schedules;
    for (auto& schedule : configured.second) {
      const std::size_t optimizer = schedule.options.optimizer;
      if (optimizer >= configured.first.size()) {
        throw ConfigError(text("lt[E181] configure_optimizers: a schedule belongs to optimizer ",
                               optimizer, ", but there are ", configured.first.size(),
                               " optimizers; expected an index below that"));
      }
      schedules.push_back(detail::attached(std::move(schedule), optimizer));
    }
    return DynamicOptimizerSet<O, S>(std::move(configured.first), std::move(schedules));
  } else if constexpr (detail::is_optimizer_vector<C>) {
    using V = typename C::value_type;
    if constexpr (detail::is_optimizers<V>) {
      static_assert(std::tuple_size_v<decltype(V::schedules)> <= 1,
                    "lt[E182] configure_optimizers: in a vector each optimizer may have one "
                    "schedule; Fix: return a pair of vectors (optimizers, schedules)");
      return []<class O, class... Ss>(std::vector<Optimizers<O, Schedule<Ss>...>> list) {
        using S = std::tuple_element_t<0, std::tuple<Ss..., detail::NoScheduler>>;
        std::vector<O> optimizers;
        std::vector<AttachedSchedule<S>> schedules;
        for (auto& item : list) {
          std::apply(
              [&](auto&... schedule) {
                (schedules.push_back(detail::attached(std::move(schedule), optimizers.size())),
                 ...);
              },
              item.schedules);
          optimizers.push_back(std::move(item.optimizer));
        }
        return DynamicOptimizerSet<O, S>(std::move(optimizers), std::move(schedules));
      }(std::move(configured));
    } else {
      return DynamicOptimizerSet<V, detail::NoScheduler>(std::move(configured), {});
    }
  } else {
    auto [optimizers, schedules] = detail::split(std::move(configured), 0);
    return detail::make_static_set(std::move(optimizers), std::move(schedules));
  }
}

/// A return type of `configure_optimizers` that is understood.
template <class C>
concept ConfiguredOptimizers =
    OptimizerLike<C> || detail::is_optimizers<C> || detail::is_tuple<C> ||
    detail::is_optimizer_vector<C> || detail::is_vector_pair<C>;

}  // namespace lt
