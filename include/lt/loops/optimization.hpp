// SPDX-License-Identifier: Apache-2.0
// What happens between a training batch and the optimizer's step.
// Source: Lightning, loops/optimization/{automatic,manual}.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/loops/engine.hpp"

#include <algorithm>
#include <cstdint>

namespace lt {

/// True while gradients are gathered: the optimizer does not step at the current batch. The last
/// batch of an epoch always steps.
inline bool should_accumulate(const RunState& state) {
  const BatchProgress& batches = state.fit.batches;
  const bool window_full = batches.current.ready % state.plan.accumulate_grad_batches == 0;
  const bool last =
      BatchCount(batches.current.ready) == state.plan.num_training_batches || batches.is_last_batch;
  return !window_full && !last;
}

/// By what the loss of the current batch is divided: the batches in its accumulation window.
/// Lightning divides by the full window even where the epoch ends early.
inline std::int64_t accumulation_divisor(const RunState& state, Compat compat) {
  const std::int64_t window = state.plan.accumulate_grad_batches;
  if (window == 1 || compat == Compat::lightning || state.plan.num_training_batches.is_infinite()) {
    return window;
  }
  const std::int64_t begin = state.batch_idx() / window * window;
  return std::min(window, state.plan.num_training_batches.value() - begin);
}

/// Automatic optimization of one batch: training step, zero grad, backward, optimizer step. The
/// closure is handed to the model's `optimizer_step`, which hands it to the optimizer. The engine
/// adds:
///   e.training_step(batch, batch_idx)     runs the step, keeps its output, true if there is a loss
///   e.zero_grad(batch_idx), e.backward()  with all their hooks
///   e.optimizer_step(batch_idx, closure)  the model's hook or its default
///   e.no_backward_sync()                  guard: ranks do not exchange gradients
/// `skip_backward`: forward only (the last epoch of weight averaging).
template <class E, class Batch>
void run_automatic_step(E& e, Batch& batch, std::int64_t batch_idx, bool skip_backward) {
  RunState& state = e.state();
  bool executed = false;
  const auto closure = [&]() -> bool {
    executed = true;
    const bool has_loss = e.training_step(batch, batch_idx);
    if (!has_loss) {
      e.messages().warn("W021",
                        "training_step returned no loss. If this was on purpose, ignore this.");
    }
    if (!skip_backward && batch_idx % state.plan.accumulate_grad_batches == 0) {
      e.zero_grad(batch_idx);
    }
    if (!skip_backward && has_loss) {
      e.backward();
    }
    return has_loss;
  };

  if (should_accumulate(state)) {
    const auto no_sync = e.no_backward_sync();
    closure();
    return;
  }
  state.fit.optimizer_steps.add_ready();
  e.optimizer_step(batch_idx, closure);
  state.fit.optimizer_steps.add_completed();
  if (!executed) {
    throw ConfigError(
        "lt[E152] optimizer_step: the closure was not called, so no training step ran; expected "
        "optimizer.step(closure)");
  }
}

/// The same, for engines that may capture it as a whole and do it again:
///   e.run_captured(batch, step)  calls `step(batch)`, now, or for all batches to come
template <class E, class Batch>
void run_automatic(E& e, Batch& batch, std::int64_t batch_idx, bool skip_backward) {
  if constexpr (requires { e.run_captured(batch, [](Batch&) {}); }) {
    if (!skip_backward) {
      e.run_captured(batch, [&e, batch_idx](const Batch& own) {
        run_automatic_step(e, own, batch_idx, false);
      });
      return;
    }
  }
  run_automatic_step(e, batch, batch_idx, skip_backward);
}

}  // namespace lt
