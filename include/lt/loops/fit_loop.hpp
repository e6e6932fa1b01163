// SPDX-License-Identifier: Apache-2.0
// The epochs of a fit. Source: Lightning, loops/fit_loop.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/loops/training_epoch_loop.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace lt {

/// Trains epoch after epoch until a limit is reached or the run is told to stop. The engine adds:
///   e.load_train_data()         asks for the loader; the number of batches per epoch
///   e.train_epoch_end()         on_train_epoch_end: callbacks, model, then monitoring callbacks
///   e.announce_stop(reason)     says why fit ended
template <class E>
class FitLoop {
 public:
  explicit FitLoop(E& engine) : epoch(engine), e_(&engine) {}

  // Not inlined: a symbol that profilers and tests/hot_loop find.
  [[gnu::noinline]] void run() {
    setup_data();
    if (done() || e_->options().limit_train_batches.is_zero()) {
      return;
    }
    reset();
    on_run_start();
    while (!done()) {
      on_advance_start();
      {
        [[maybe_unused]] const auto measured = measure(*e_, "run_training_epoch");
        epoch.run();
      }
      on_advance_end();
      finish_iteration();
    }
    restarting_ = false;
    e_->template fire<hook::on_train_end>();
  }

  /// Loads the training data unless that was done and need not be repeated.
  void setup_data() {
    RunState& state = e_->state();
    const TrainerOptions& options = e_->options();
    const std::int64_t every = options.reload_dataloaders_every_n_epochs;
    const bool reload = every > 0 && (!last_reload_epoch_ ||
                                      state.current_epoch() - *last_reload_epoch_ >= every);
    if ((loaded_ && !reload) || options.limit_train_batches.is_zero()) {
      return;
    }
    Plan& plan = state.plan;
    plan.num_training_batches = e_->load_train_data();
    loaded_ = true;
    if (plan.num_training_batches == BatchCount(0)) {
      return;
    }
    last_reload_epoch_ = state.current_epoch();
    plan.val_check_batch = first_validation(plan.num_training_batches);
    const std::int64_t log_every = options.log_every_n_steps.value_or(50);
    if (e_->has_loggers() && plan.num_training_batches < BatchCount(log_every) &&
        options.fast_dev_run == 0) {
      e_->messages().warn("W023", text("an epoch has ", plan.num_training_batches,
                                       " batches, fewer than log_every_n_steps = ", log_every,
                                       ": no step metrics will be written"));
    }
  }

  /// The next run asks for the loaders again.
  void forget_data() {
    loaded_ = false;
    last_reload_epoch_.reset();
    epoch.validation.forget_data();
  }

  /// The counters were just read from a checkpoint. They decide where the run goes on.
  void on_loaded() {
    const Tracker& current = e_->state().fit.epochs.current;
    const bool unfinished =
        current.ready != current.processed || current.started != current.processed;
    // Lightning restarts in the middle whenever max_steps is set, even after a finished epoch.
    const bool iteration_based = e_->options().max_steps != -1;
    restarting_ = unfinished || iteration_based;
    loaded_state_ = true;
    epoch.restarting = restarting_;
    epoch.validation.restarting = restarting_;
    epoch.resuming = true;
  }

  bool validation_is_restarting() const { return epoch.validation.restarting; }
  bool loaded() const { return loaded_; }

  TrainingEpochLoop<E> epoch;

 private:
  bool done() {
    RunState& state = e_->state();
    const TrainerOptions& options = e_->options();
    if (state.plan.num_training_batches == BatchCount(0)) {
      return e_->announce_stop(StopReason::no_training_batches);
    }
    if (limit_reached(state.global_step(), options.max_steps)) {
      return e_->announce_stop(StopReason::max_steps);
    }
    Tracker& epochs = state.fit.epochs.current;
    if (limit_reached(epochs.processed, state.plan.max_epochs)) {
      epochs.completed = epochs.processed;
      return e_->announce_stop(StopReason::max_epochs);
    }
    if (state.should_stop && can_stop_early(state, options)) {
      return e_->announce_stop(StopReason::should_stop);
    }
    return false;
  }

  /// After how many batches validation runs.
  BatchCount first_validation(BatchCount batches) const {
    const TrainerOptions& options = e_->options();
    const Interval interval = options.val_check_interval;
    if (interval.is_time()) {
      e_->note_validation_time();
      return BatchCount::infinite();
    }
    if (!interval.batches().is_fraction()) {
      const BatchCount count = interval.batches().count();
      if (count > batches && options.check_val_every_n_epoch &&
          !options.limit_val_batches.is_zero()) {
        throw ConfigError(text("lt[E153] val_check_interval = ", count,
                               " is more than the batches of an epoch; found ", batches,
                               " batches; expected at most that, or check_val_every_n_epoch = none"
                               " to count batches across epochs"));
      }
      return count;
    }
    const double fraction = interval.batches().fraction();
    if (batches.is_infinite()) {
      if (fraction == 1.0) {
        return BatchCount::infinite();
      }
      throw ConfigError(text("lt[E154] val_check_interval = ", fraction,
                             " is a fraction, but the training loader has no known length; expected"
                             " 1.0, a whole number of batches, or a time"));
    }
    const auto count = static_cast<std::int64_t>(static_cast<double>(batches.value()) * fraction);
    return std::max<std::int64_t>(1, count);
  }

  // Where a checkpoint cut the run, read from the epoch counters.
  enum class Restart : std::uint8_t { none, on_epoch_start, mid_epoch, on_epoch_end, resumed_end };

  void reset() {
    FitProgress& fit = e_->state().fit;
    const Tracker& total = fit.epochs.total;
    const bool begun = total.started == total.ready;
    const bool ended = begun && total.processed == total.started &&
                       total.completed == total.processed - 1;
    restart_ = Restart::none;
    if (restarting_ && total.started == total.ready - 1 && total.processed == total.started &&
        total.completed == total.processed) {
      restart_ = Restart::on_epoch_start;
    } else if (restarting_ && begun && total.processed == total.started - 1 &&
               total.completed == total.processed) {
      restart_ = Restart::mid_epoch;
    } else if (restarting_ && ended) {
      restart_ = Restart::on_epoch_end;
    } else if (loaded_state_ && ended) {
      restart_ = Restart::resumed_end;
    }
    epoch.update_restart_stage();

    if (restart_ == Restart::on_epoch_start) {
      fit.epochs.reset_on_restart();
    }
    if (restart_ == Restart::resumed_end) {
      fit.epochs.add_completed();
    }
    const bool cut_after_last_batch =
        epoch.restarted_on_train_batch_end && fit.batches.is_last_batch;
    if (cut_after_last_batch && restart_ == Restart::mid_epoch) {
      fit.epochs.add_processed();
      fit.epochs.add_completed();
    }
    if (cut_after_last_batch && restart_ != Restart::mid_epoch && !fit.val_batches.is_last_batch) {
      fit.epochs.add_completed();
    }
  }

  void on_run_start() {
    RunState& state = e_->state();
    const bool iteration_based = e_->options().max_steps != -1;
    if (!iteration_based) {
      state.fit.epochs.current.completed = state.fit.epochs.current.processed;
    }
    if (epoch.should_check_val_epoch() && !epoch.validation.loaded()) {
      state.stage = Stage::validate;
      epoch.validation.setup_data();
      state.stage = Stage::train;
    }
    e_->template fire<hook::on_train_start>();
  }

  void on_advance_start() {
    setup_data();
    FitProgress& fit = e_->state().fit;
    e_->train_source().set_epoch(fit.epochs.current.processed);
    if (restart_ == Restart::mid_epoch || restart_ == Restart::on_epoch_end) {
      return;
    }
    if (restart_ != Restart::on_epoch_start) {
      fit.epochs.add_ready();
    }
    e_->template fire<hook::on_train_epoch_start>();
    fit.epochs.add_started();
  }

  void on_advance_end() {
    FitProgress& fit = e_->state().fit;
    e_->metrics().epoch_end_reached();
    fit.epochs.add_processed();
    e_->train_epoch_end();
    e_->metrics().on_epoch_end();
    if (!restarting_ && epoch.num_ready_batches_reached()) {
      e_->step_schedulers(ScheduleInterval::epoch, true);
    }
    // Loggers expect epoch values at the step of the last batch.
    --fit.batches_that_stepped;
    e_->metrics().write_train_epoch();
    ++fit.batches_that_stepped;
    fit.epochs.add_completed();
    if (e_->interrupted()) {
      throw Interrupted("SIGTERM received at the end of a training epoch");
    }
  }

  void finish_iteration() {
    restarting_ = false;
    loaded_state_ = false;
    epoch.resuming = false;
    restart_ = Restart::none;
  }

  E* e_;
  bool loaded_ = false;
  bool restarting_ = false;
  bool loaded_state_ = false;
  Restart restart_ = Restart::none;
  std::optional<std::int64_t> last_reload_epoch_;
};

}  // namespace lt
