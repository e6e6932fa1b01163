// SPDX-License-Identifier: Apache-2.0
// The batches of one training epoch. Source: Lightning, loops/training_epoch_loop.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/loops/evaluation_loop.hpp"
#include "lt/loops/optimization.hpp"

#include <cstdint>

namespace lt {

/// Runs training batches until the epoch ends or the run is told to stop, and validation where it
/// is due. The engine adds, beside what run_automatic and EvaluationLoop need:
///   e.train_source()                          the training batches
///   e.train_batch_start(batch, batch_idx)     hooks; the model's answer, -1 skips the epoch's rest
///   e.manual_step(batch, batch_idx)           the model's own optimization
///   e.train_batch_end(batch, batch_idx)       hooks, with the output of the step
///   e.step_schedulers(interval, plateau)      learning-rate schedules that are due
///   e.validation_time_due()                   a time-based val_check_interval has passed
template <class E>
class TrainingEpochLoop {
 public:
  explicit TrainingEpochLoop(E& engine) : validation(engine), e_(&engine) {}

  void run() {
    reset();
    on_run_start();
    while (!done()) {
      const bool go_on = advance();
      if (go_on) {
        on_advance_end();
      }
      finish_iteration();
      if (!go_on) {
        break;
      }
    }
  }

  bool num_ready_batches_reached() const {
    const RunState& state = e_->state();
    return BatchCount(state.fit.batches.current.ready) == state.plan.num_training_batches ||
           state.fit.batches.is_last_batch;
  }

  bool should_check_val_epoch() const {
    const auto every = e_->options().check_val_every_n_epoch;
    return e_->validation_enabled() &&
           (!every || (e_->state().current_epoch() + 1) % *every == 0);
  }

  void update_restart_stage() {
    const Tracker& total = e_->state().fit.batches.total;
    const bool step_done = restarting && total.started == total.ready &&
                           total.processed == total.started;
    restarted_on_train_batch_end = step_done && total.completed == total.processed - 1;
    restarted_on_last = step_done && total.completed == total.processed;
    validation.update_restart_stage();
  }

  EvaluationLoop<E, Evaluation::fit_validation> validation;
  bool restarting = false;
  bool resuming = false;  // in the first epoch after a checkpoint was loaded
  bool skip_backward = false;
  bool restarted_on_train_batch_end = false;
  bool restarted_on_last = false;

 private:
  bool training_done() const {
    return limit_reached(e_->state().global_step(), e_->options().max_steps) ||
           num_ready_batches_reached();
  }

  bool done() {
    const bool validation_done = !restarting || validation.has_run();
    if (training_done() && validation_done) {
      return true;
    }
    if (!e_->state().should_stop) {
      return false;
    }
    const bool may_stop = can_stop_early(e_->state(), e_->options());
    if (!may_stop) {
      e_->messages().warn(
          "W022", text("the run was told to stop, but min_epochs = ", e_->state().plan.min_epochs,
                       " or min_steps = ", e_->options().min_steps, " is not reached yet"));
    }
    return may_stop;
  }

  void reset() {
    FitProgress& fit = e_->state().fit;
    if (restarting && !should_accumulate(e_->state()) &&
        (restarted_on_train_batch_end || !restarted_on_last)) {
      // Checkpoints are written before this counter moves.
      ++fit.batches_that_stepped;
    }
    if (restarted_on_train_batch_end) {
      fit.batches.add_completed();
      if (BatchCount(fit.batches.current.completed) >= e_->state().plan.num_training_batches) {
        reset_progress_on_run();
      }
    }
    if (restarting) {
      fit.batches.reset_on_restart();
      fit.schedulers.reset_on_restart();
      fit.optimizer_steps.reset_on_restart();
      fit.zero_grads.reset_on_restart();
      e_->warn_if_position_is_lost();
    } else {
      reset_progress_on_run();
    }
  }

  void reset_progress_on_run() {
    FitProgress& fit = e_->state().fit;
    fit.batches.reset_on_run();
    fit.schedulers.reset_on_run();
    fit.optimizer_steps.reset_on_run();
    fit.zero_grads.reset_on_run();
    fit.val_batches.total = {};  // counts the validation batches of one epoch
  }

  void on_run_start() {
    const RunState& state = e_->state();
    auto& source = e_->train_source();
    if (state.current_epoch() > 0 && !resuming && !restarting) {
      source.restart(state.fit.batches.current.ready);  // the first pass began with the loader
    } else {
      source.count_as_fetched(state.fit.batches.current.ready);
    }
  }

  /// One batch. False when the epoch is over: no batch was left, or the model skipped the rest.
  bool advance() {
    RunState& state = e_->state();
    FitProgress& fit = state.fit;
    if (restarting && should_check_val()) {
      if (validation.restarted_mid_evaluation) {
        return true;
      }
      if (restarted_on_last) {
        skip_next_validation_ = true;
        return true;
      }
      validation.skip_to_end();
    }
    validation.restarting = false;

    auto& source = e_->train_source();
    if (!fetch(*e_, source, "[_TrainingEpochLoop].train_dataloader_next")) {
      return false;
    }
    const std::int64_t batch_idx = state.batch_idx() + 1;
    fit.batches.is_last_batch = source.done();
    auto& batch = e_->transfer(source.batch(), 0);
    fit.batches.add_ready();
    e_->metrics().on_batch_start(batch, std::nullopt);

    const bool skip_rest = e_->train_batch_start(batch, batch_idx) == -1;
    if (skip_rest) {
      fit.batches.is_last_batch = true;
    } else {
      fit.batches.add_started();
      [[maybe_unused]] const auto measured = measure(*e_, "run_training_batch");
      if (state.automatic_optimization) {
        run_automatic(*e_, batch, batch_idx, skip_backward);
      } else {
        e_->manual_step(batch, batch_idx);
      }
    }
    fit.batches.add_processed();

    if (!should_accumulate(state)) {
      e_->step_schedulers(ScheduleInterval::step, false);
    }
    if (num_ready_batches_reached()) {
      e_->step_schedulers(ScheduleInterval::epoch, false);
    }
    if (skip_rest) {
      return false;
    }

    e_->train_batch_end(batch, batch_idx);
    e_->metrics().on_batch_end();
    fit.batches.add_completed();
    if (!state.automatic_optimization || !should_accumulate(state)) {
      e_->metrics().write_train_step();
    }
    return true;
  }

  void on_advance_end() {
    RunState& state = e_->state();
    if (should_check_val() && !skip_next_validation_) {
      state.stage = Stage::validate;
      const auto saved = e_->metrics().save_iteration();
      if (!should_accumulate(state)) {
        e_->template call_model<hook::on_validation_model_zero_grad>();
      }
      validation.run();
      state.stage = Stage::train;
      e_->metrics().restore_iteration(saved);
    }
    skip_next_validation_ = false;

    const bool accumulating = should_accumulate(state);
    if (!accumulating) {
      e_->step_schedulers(ScheduleInterval::step, true);
      ++state.fit.batches_that_stepped;
    }
    if (state.should_stop) {
      e_->save_loggers();
    }
    if (!training_done() && e_->interrupted()) {
      throw Interrupted("SIGTERM received during training");
    }
  }

  bool should_check_val() {
    if (!should_check_val_epoch()) {
      return false;
    }
    const RunState& state = e_->state();
    const TrainerOptions& options = e_->options();
    const bool last = state.fit.batches.is_last_batch;
    const bool endless = state.plan.val_check_batch.is_infinite();
    if (last && endless && !options.val_check_interval.is_time()) {
      return true;
    }
    if (state.should_stop && can_stop_early(state, options)) {
      return true;
    }
    if (options.val_check_interval.is_time()) {
      return e_->validation_time_due();
    }
    if (endless) {
      const BatchLimit limit = options.limit_train_batches;
      return limit.is_fraction() ? last : (state.batch_idx() + 1) % limit.count() == 0;
    }
    const std::int64_t index =
        options.check_val_every_n_epoch ? state.batch_idx() : state.total_batch_idx();
    return (index + 1) % state.plan.val_check_batch.value() == 0;
  }

  void finish_iteration() {
    restarting = false;
    restarted_on_train_batch_end = false;
    restarted_on_last = false;
  }

  E* e_;
  bool skip_next_validation_ = false;
};

}  // namespace lt
