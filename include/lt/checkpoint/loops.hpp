// SPDX-License-Identifier: Apache-2.0
// The counters of a run under Lightning's keys: `checkpoint["loops"]`.
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/progress.hpp"
#include "lt/core/run_state.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace lt::checkpoint {

namespace detail {

/// Lightning's trackers hold the first 2, 3 or 4 of these.
inline constexpr std::array<std::pair<std::string_view, std::int64_t Tracker::*>, 4> counters{{
    {"ready", &Tracker::ready},
    {"completed", &Tracker::completed},
    {"started", &Tracker::started},
    {"processed", &Tracker::processed},
}};

inline Value progress_to_value(const Progress& progress, std::size_t count) {
  Dict dict;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& [name, counter] = counters[i];
    dict["total"][name] = progress.total.*counter;
    dict["current"][name] = progress.current.*counter;
  }
  return dict;
}

inline Value batches_to_value(const BatchProgress& progress) {
  Value value = progress_to_value(progress, 4);
  value["is_last_batch"] = progress.is_last_batch;
  return value;
}

inline Value evaluation_to_value(Value batch_progress) {
  return Dict{{"state_dict", Dict()}, {"batch_progress", std::move(batch_progress)}};
}

/// Reads what lies under the keys of a loop; what is missing stays as it is.
class LoopReader {
 public:
  LoopReader(const Value& loops, Key loop) : loop_(std::move(loop)), path_(loops_path_, loop_) {
    found_ = loops.find(loop_);
  }

  template <class T, class... Keys>
  void read(T& x, const Keys&... keys) const {
    if (found_) {
      read_below(*found_, path_, x, keys...);
    }
  }

 private:
  template <class T, class... Keys>
  static void read_below(const Value& value, const Path& above, T& x, const Key& key,
                         const Keys&... rest) {
    const Path path(above, key);
    const Value* found = value.find(key);
    if (found == nullptr) {
      return;
    }
    if constexpr (sizeof...(rest) > 0) {
      read_below(*found, path, x, rest...);
    } else if constexpr (std::derived_from<T, Progress>) {
      read_progress(*found, path, x);
    } else {
      from_value(*found, x, Fields::known, path);
    }
  }
  template <class T>
  static void read_progress(const Value& value, const Path& path, T& x) {
    value.as<Dict>(path);
    read_below(value, path, x.total, "total");
    read_below(value, path, x.current, "current");
    if constexpr (std::same_as<T, BatchProgress>) {
      read_below(value, path, x.is_last_batch, "is_last_batch");
    }
  }

  Key root_{"loops"};
  Path nothing_;
  Path loops_path_{nothing_, root_};
  Key loop_;
  Path path_;
  const Value* found_ = nullptr;
};

}  // namespace detail

/// Lightning's `loops`. `fit_loop.state_dict` is empty: who saves stateful loaders adds
/// `combined_loader` there. Source: Lightning, loops/fit_loop.py and loops/training_epoch_loop.py.
inline Value loops_to_value(const RunState& state) {
  using namespace detail;
  const FitProgress& fit = state.fit;
  const Value steps = Dict{{"step", progress_to_value(fit.optimizer_steps, 2)},
                           {"zero_grad", progress_to_value(fit.zero_grads, 3)}};
  return Dict{
      {"fit_loop",
       Dict{{"state_dict", Dict()},
            {"epoch_loop.state_dict", Dict{{"_batches_that_stepped", fit.batches_that_stepped}}},
            {"epoch_loop.batch_progress", batches_to_value(fit.batches)},
            {"epoch_loop.scheduler_progress", progress_to_value(fit.schedulers, 2)},
            {"epoch_loop.automatic_optimization.state_dict", Dict()},
            {"epoch_loop.automatic_optimization.optim_progress", Dict{{"optimizer", steps}}},
            {"epoch_loop.manual_optimization.state_dict", Dict()},
            {"epoch_loop.manual_optimization.optim_step_progress",
             progress_to_value(fit.manual_steps, 2)},
            {"epoch_loop.val_loop.state_dict", Dict()},
            {"epoch_loop.val_loop.batch_progress", batches_to_value(fit.val_batches)},
            {"epoch_progress", progress_to_value(fit.epochs, 4)}}},
      {"validate_loop", evaluation_to_value(batches_to_value(state.validate_batches))},
      {"test_loop", evaluation_to_value(batches_to_value(state.test_batches))},
      {"predict_loop", evaluation_to_value(progress_to_value(state.predict_batches, 4))}};
}

/// Reads `checkpoint["loops"]`, Lightning's or ours, into the counters of `state`. Counters that
/// the file lacks keep what they hold. Errors: lt::CheckpointError naming the key.
inline void loops_from_value(const Value& loops, RunState& state) {
  loops.as<Dict>();
  FitProgress& fit = state.fit;
  const detail::LoopReader fit_loop(loops, "fit_loop");
  fit_loop.read(fit.batches_that_stepped, "epoch_loop.state_dict", "_batches_that_stepped");
  fit_loop.read(fit.batches, "epoch_loop.batch_progress");
  fit_loop.read(fit.schedulers, "epoch_loop.scheduler_progress");
  fit_loop.read(fit.optimizer_steps, "epoch_loop.automatic_optimization.optim_progress",
                "optimizer", "step");
  fit_loop.read(fit.zero_grads, "epoch_loop.automatic_optimization.optim_progress", "optimizer",
                "zero_grad");
  fit_loop.read(fit.manual_steps, "epoch_loop.manual_optimization.optim_step_progress");
  fit_loop.read(fit.val_batches, "epoch_loop.val_loop.batch_progress");
  fit_loop.read(fit.epochs, "epoch_progress");
  detail::LoopReader(loops, "validate_loop").read(state.validate_batches, "batch_progress");
  detail::LoopReader(loops, "test_loop").read(state.test_batches, "batch_progress");
  detail::LoopReader(loops, "predict_loop").read(state.predict_batches, "batch_progress");
}

}  // namespace lt::checkpoint
