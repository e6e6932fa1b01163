// SPDX-License-Identifier: Apache-2.0
// What `configure_optimizers` returns: optimizers with their learning-rate schedules.
#pragma once

#include "lt/core/schedule_options.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// A scheduler and when it moves: `lt::Schedule{StepLR{{.step_size = 2}}, {.frequency = 1}}`.
template <class S>
struct Schedule {
  using scheduler_type = S;

  S scheduler;
  ScheduleOptions options{};
};
template <class S>
Schedule(S) -> Schedule<S>;
template <class S>
Schedule(S, ScheduleOptions) -> Schedule<S>;

/// One optimizer and the schedules that move its rates. `Schedules` are `lt::Schedule<...>`; a
/// return type that can be named, so `configure_optimizers` may live in a .cpp file.
///
/// The accepted returns are: an optimizer; `Optimizers<O, Schedule<S>...>`; a tuple of these
/// (manual optimization); a vector of these; a pair of vectors (optimizers, schedules) where their
/// numbers are known only at run time; and an optional of each for "perhaps none".
template <class O, class... Schedules>
struct Optimizers {
  using optimizer_type = O;

  O optimizer;
  std::tuple<Schedules...> schedules;

  Optimizers(O o, Schedules... s)  // NOLINT: a plain optimizer is a full answer
      : optimizer(std::move(o)), schedules(std::move(s)...) {}
};

}  // namespace lt
