// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"

#include <type_traits>

namespace lt::checkpoint {

/// The state of a scheduler of lt::optim under Python's keys: one entry of `lr_schedulers`.
template <class S>
Value scheduler_to_value(const S& scheduler) {
  return to_value(scheduler.state());
}

/// Reads what `scheduler_to_value` or Python's `state_dict()` has written. Keys that the file lacks
/// keep what the scheduler holds. Errors: lt::CheckpointError naming the key; the scheduler is then
/// as it was.
template <class S>
void scheduler_from_value(S& scheduler, const Value& saved, const Path& path = Path()) {
  std::remove_cvref_t<decltype(scheduler.state())> state = scheduler.state();
  from_value(saved, state, Fields::known, path);
  scheduler.load_state(state);
}

}  // namespace lt::checkpoint
