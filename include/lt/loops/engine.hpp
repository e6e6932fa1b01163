// SPDX-License-Identifier: Apache-2.0
// What the loops need from whoever owns them. The loops are pure control flow: batches, losses,
// predictions and tensors are opaque to them, so they compile and are tested without LibTorch.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/messages.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/schedule_options.hpp"
#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>
#include <optional>
#include <vector>

namespace lt {

/// A stream of batches under its limits, as the loops walk it.
///
///   restart()               starts a pass; `skipped` batches count as fetched already
///   next()                  fetches the next batch; false at the end of the pass
///   done()                  the batch fetched last is the last of the pass
///   batch(), batch_idx(), dataloader_idx()   of the batch fetched last
///   max_batches()           per loader, limits applied
///   sequential()            several loaders come one after the other
template <class S>
concept BatchSource = requires(S& source, const S& constant, std::int64_t n) {
  source.restart(n);
  { source.next() } -> std::same_as<bool>;
  { constant.done() } -> std::same_as<bool>;
  source.batch();
  { constant.batch_idx() } -> std::same_as<std::int64_t>;
  { constant.dataloader_idx() } -> std::same_as<std::int64_t>;
  { constant.max_batches() } -> std::convertible_to<std::vector<BatchCount>>;
  { constant.sequential() } -> std::same_as<bool>;
};

/// Which evaluation runs: the validation inside fit, `validate`, or `test`.
enum class Evaluation : std::uint8_t { fit_validation, validate, test };

/// False for an engine whose types rule an evaluation out: no loader for it, or no step. Such an
/// engine says so with `template <Evaluation> static constexpr bool can_evaluate()`.
template <class E, Evaluation Kind>
constexpr bool can_evaluate() {
  if constexpr (requires { E::template can_evaluate<Kind>(); }) {
    return E::template can_evaluate<Kind>();
  } else {
    return true;
  }
}

/// The part of the owner that keeps metrics and writes them to loggers. Source of the rules:
/// Lightning, trainer/connectors/logger_connector.
template <class M, class Batch>
concept MetricKeeper = requires(M& metrics, Batch& batch, std::int64_t n) {
  metrics.on_batch_start(batch, std::optional<std::int64_t>(n));  // metrics belong to this batch
  metrics.on_batch_end();
  metrics.epoch_end_reached();  // from now on epoch values count
  metrics.on_epoch_end();
  metrics.write_train_step();   // to the loggers, if due
  metrics.write_train_epoch();  // to the loggers; forgets the epoch
  metrics.write_eval_step(n);   // to the loggers, n = batches seen of this loader
  { metrics.eval_epoch_metrics() } -> std::same_as<MetricTable>;
  metrics.write_eval_end(MetricTable{});
};

/// The owner of the loops. The Trainer models it; tests of the loops use a small fake.
template <class E>
concept Engine = requires(E& e) {
  { e.state() } -> std::same_as<RunState&>;
  { e.options() } -> std::convertible_to<const TrainerOptions&>;
  { e.messages() } -> std::same_as<Messages&>;
  e.metrics();
  { e.interrupted() } -> std::same_as<bool>;  // SIGTERM arrived
};

/// Stands for a measurement that nobody makes.
struct Unmeasured {};

/// Measures an action of the loops until the result goes, if the engine has a profiler.
template <class E>
auto measure(E& e, std::string_view action) {
  if constexpr (requires { e.measure(action); }) {
    return e.measure(action);
  } else {
    return Unmeasured{};
  }
}

/// Fetches the next batch, measured.
template <class E, class Source>
bool fetch(E& e, Source& source, std::string_view action) {
  [[maybe_unused]] const auto measured = measure(e, action);
  return source.next();
}

/// True when `value` has reached `limit`; -1 is no limit.
constexpr bool limit_reached(std::int64_t value, std::int64_t limit) {
  return limit != -1 && value >= limit;
}

/// Whether `min_epochs` and `min_steps` allow the run to end early.
inline bool can_stop_early(const RunState& state, const TrainerOptions& options) {
  return state.fit.epochs.current.processed >= state.plan.min_epochs &&
         state.global_step() >= options.min_steps.value_or(0);
}

}  // namespace lt
