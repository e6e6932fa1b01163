// SPDX-License-Identifier: Apache-2.0
// Everything that changes during a run, in one place: saving writes it out, resuming reads it in.
#pragma once

#include "lt/core/limits.hpp"
#include "lt/core/progress.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace lt {

/// What was called on the trainer.
enum class RunFn : std::uint8_t { none, fit, validate, test, predict };
/// What the trainer is doing now.
enum class Stage : std::uint8_t { none, train, sanity_check, validate, test, predict };
/// How far the call has come.
enum class Status : std::uint8_t { initializing, running, finished, interrupted };
/// Why `fit` ended.
enum class StopReason : std::uint8_t {
  none,
  max_epochs,
  max_steps,
  no_training_batches,
  should_stop
};

constexpr std::string_view enum_name(RunFn fn) {
  constexpr std::string_view names[] = {"none", "fit", "validate", "test", "predict"};
  return names[static_cast<std::size_t>(fn)];
}
constexpr std::string_view enum_name(Stage stage) {
  constexpr std::string_view names[] = {"none",     "train", "sanity_check",
                                        "validate", "test",  "predict"};
  return names[static_cast<std::size_t>(stage)];
}
constexpr std::string_view enum_name(Status status) {
  constexpr std::string_view names[] = {"initializing", "running", "finished", "interrupted"};
  return names[static_cast<std::size_t>(status)];
}
constexpr std::string_view enum_name(StopReason reason) {
  constexpr std::string_view names[] = {"none", "max_epochs", "max_steps", "no_training_batches",
                                        "should_stop"};
  return names[static_cast<std::size_t>(reason)];
}

/// The counters of `fit`. Layout and meaning are those of Lightning's `loops.fit_loop`.
struct FitProgress {
  Progress epochs;
  BatchProgress batches;          // training batches
  BatchProgress val_batches;      // of the validation inside fit
  Progress schedulers;            // learning-rate schedule steps
  Progress optimizer_steps;       // automatic optimization
  Progress zero_grads;            // automatic optimization
  Progress manual_steps;          // manual optimization: steps of all optimizers together
  std::int64_t batches_that_stepped = 0;  // the loggers' x axis

  friend bool operator==(const FitProgress&, const FitProgress&) = default;
};

/// The limits of a fit after defaults, loaders and callbacks have been asked.
struct Plan {
  std::int64_t max_epochs = -1;  // -1: no limit
  std::int64_t min_epochs = 0;
  std::int64_t accumulate_grad_batches = 1;  // a callback may change it between epochs
  BatchCount num_training_batches = BatchCount::infinite();
  BatchCount val_check_batch = BatchCount::infinite();
  std::vector<BatchCount> num_val_batches;
};

/// All that changes while a trainer works.
struct RunState {
  RunFn fn = RunFn::none;
  Stage stage = Stage::none;
  Status status = Status::initializing;
  bool should_stop = false;
  StopReason stop_reason = StopReason::none;
  bool automatic_optimization = true;

  FitProgress fit;
  BatchProgress validate_batches;
  BatchProgress test_batches;
  BatchProgress predict_batches;
  Plan plan;

  /// Epochs completed; inside epoch k it is k.
  std::int64_t current_epoch() const { return fit.epochs.current.completed; }
  /// Optimizer steps made; under manual optimization the steps of all optimizers together.
  std::int64_t global_step() const {
    return automatic_optimization ? fit.optimizer_steps.total.completed
                                  : fit.manual_steps.total.completed;
  }
  /// Index of the current training batch within the epoch; -1 before the first.
  std::int64_t batch_idx() const { return fit.batches.current.ready - 1; }
  /// Index of the current training batch over all epochs.
  std::int64_t total_batch_idx() const { return fit.batches.total.ready - 1; }
};

}  // namespace lt
