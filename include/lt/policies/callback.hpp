// SPDX-License-Identifier: Apache-2.0
// Callback: what happens besides training. Consulted wherever the loops fire a hook: a callback has
// some of the hooks of core/hooks.def as members, each with the context as first argument.
//
// Satisfied by: ModelCheckpoint, OnExceptionCheckpoint, EarlyStopping, Timer,
// GradientAccumulationScheduler, LearningRateMonitor, DeviceStatsMonitor, ThroughputMonitor<...>,
// WeightAveraging, EMAWeightAveraging, StochasticWeightAveraging, BackboneFinetuning, ModelSummary,
// PredictionWriter<Writer>, LambdaCallback<...>.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/type_list.hpp"

#include <string>

namespace lt {

namespace detail {
template <class H, class T>
inline constexpr bool has_callback_hook =
    hook_info(H::id).received_by(Receivers::callback) && declares<H, T>;

template <class T>
constexpr bool has_any_callback_hook() {
#define LT_HOOK(name, receivers, log_rule, arguments, sentence) \
  if (has_callback_hook<hook::name, T>) {                       \
    return true;                                                \
  }
#include "lt/core/hooks.def"
#undef LT_HOOK
  return false;
}
}  // namespace detail

/// A callback that keeps state in checkpoints: an aggregate known to LT_REFLECT, under a key that
/// tells callbacks of one class apart. `load_state_dict` comes after `setup`.
template <class C>
concept StatefulCallback = requires(C& callback, const C& constant) {
  callback.load_state_dict(constant.state_dict());
  { constant.state_key() } -> std::same_as<std::string>;
};

/// A class with at least one hook. It may say more of itself:
///   static constexpr CallbackOrder order      when it is called among the others
///   static constexpr DefaultPart substitute   which default of the trainer it replaces
///   state_dict, load_state_dict, state_key    see StatefulCallback
template <class C>
concept Callback = role_of<C> == Role::callback && detail::has_any_callback_hook<C>();

namespace archetype {
/// The smallest legal callback.
struct Callback {
  void on_fit_end(RunView&) {}
};
}  // namespace archetype

class ModelCheckpoint;
class OnExceptionCheckpoint;
class EarlyStopping;
class Timer;
class GradientAccumulationScheduler;
class LearningRateMonitor;
class ModelSummary;
class DeviceStatsMonitor;
class WeightAveraging;
class EMAWeightAveraging;
class StochasticWeightAveraging;
class BackboneFinetuning;
template <class BatchSizeFn, class LengthFn>
class ThroughputMonitor;
template <class Writer>
class PredictionWriter;

namespace callback {
/// All callbacks that are no templates.
using all = type_list<ModelCheckpoint, OnExceptionCheckpoint, EarlyStopping, Timer,
                      GradientAccumulationScheduler, LearningRateMonitor, ModelSummary,
                      DeviceStatsMonitor, WeightAveraging, EMAWeightAveraging,
                      StochasticWeightAveraging, BackboneFinetuning>;
}  // namespace callback

}  // namespace lt
