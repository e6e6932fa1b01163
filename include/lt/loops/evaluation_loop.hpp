// SPDX-License-Identifier: Apache-2.0
// One evaluation run: validation inside fit, the sanity check, `validate` and `test`.
// Source: Lightning, loops/evaluation_loop.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/loops/engine.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lt {

/// The hooks of one kind of evaluation.
template <Evaluation Kind>
struct EvaluationHooks {
  using model_eval = hook::on_validation_model_eval;
  using model_train = hook::on_validation_model_train;
  using start = hook::on_validation_start;
  using end = hook::on_validation_end;
  using epoch_start = hook::on_validation_epoch_start;
  using epoch_end = hook::on_validation_epoch_end;
  using batch_start = hook::on_validation_batch_start;
  using batch_end = hook::on_validation_batch_end;
  using step = hook::validation_step;
};
template <>
struct EvaluationHooks<Evaluation::test> {
  using model_eval = hook::on_test_model_eval;
  using model_train = hook::on_test_model_train;
  using start = hook::on_test_start;
  using end = hook::on_test_end;
  using epoch_start = hook::on_test_epoch_start;
  using epoch_end = hook::on_test_epoch_end;
  using batch_start = hook::on_test_batch_start;
  using batch_end = hook::on_test_batch_end;
  using step = hook::test_step;
};

/// Runs all batches of one or more loaders through the model's step. The engine adds:
///   e.template load_eval_data<Kind>()            asks for the loaders; false: nothing to evaluate
///   e.template eval_source<Kind>()               the batches (BatchSource)
///   e.transfer(batch, dataloader_idx)            batch hooks and the move to the device
///   e.template fire<Hook>(args...)               callbacks, then the model
///   e.template call_model<Hook>(args...)         the model alone, or the hook's default
///   e.capture_modes(), e.restore_modes()         train/eval flags of the modules
///   e.template model_has<Hook>()
///   e.note_validation_ran(bool)                  for callbacks: metrics of validation are there
///   e.template eval_step<Hook>(batch, batch_idx, dataloader_idx)   -> opaque output
template <class E, Evaluation Kind>
class EvaluationLoop {
  using Hooks = EvaluationHooks<Kind>;

 public:
  explicit EvaluationLoop(E& engine) : e_(&engine) {}

  /// Runs the evaluation and returns the metrics of each loader.
  std::vector<MetricTable> run() {
    if constexpr (can_evaluate<E, Kind>()) {
      setup_data();
      if (skip()) {
        return {};
      }
      const auto no_grad = e_->template no_grad_guard<Kind>();
      reset();
      on_run_start();
      run_batches(e_->template eval_source<Kind>());
      return on_run_end();
    } else {
      return {};
    }
  }

  /// Loads the data unless that was done and need not be repeated.
  void setup_data() {
    const TrainerOptions& options = e_->options();
    RunState& state = e_->state();
    if constexpr (Kind == Evaluation::fit_validation) {
      const std::int64_t every = options.reload_dataloaders_every_n_epochs;
      const bool reload =
          every > 0 && (!last_reload_epoch_ || state.current_epoch() - *last_reload_epoch_ >= every);
      if (loaded_ && !reload) {
        return;
      }
    }
    const BatchLimit limit =
        Kind == Evaluation::test ? options.limit_test_batches : options.limit_val_batches;
    if (limit.is_zero() || !e_->template model_has<typename Hooks::step>()) {
      return;
    }
    if constexpr (Kind == Evaluation::fit_validation) {
      // A reload during the sanity check counts for the epoch only if that epoch validates.
      if (state.stage != Stage::sanity_check || e_->validates_this_epoch()) {
        last_reload_epoch_ = state.current_epoch();
      }
    }
    if constexpr (can_evaluate<E, Kind>()) {
      e_->template load_eval_data<Kind>();
      loaded_ = true;
      limits_ = e_->template eval_source<Kind>().max_batches();
      seen_batches_.assign(limits_.size(), 0);
    }
  }

  /// Batches per loader; fewer in the sanity check.
  std::vector<BatchCount> max_batches() const {
    if (!loaded_) {
      return {};
    }
    std::vector<BatchCount> out = limits_;
    if (e_->state().stage == Stage::sanity_check) {
      const std::int64_t steps = e_->options().num_sanity_val_steps.value_or(2);
      for (BatchCount& count : out) {
        count = steps == -1 ? count : std::min(count, BatchCount(steps));
      }
    }
    return out;
  }

  /// After a restart: counts the batches of an evaluation that had already run.
  void skip_to_end() {
    setup_data();
    if (skip()) {
      return;
    }
    if constexpr (can_evaluate<E, Kind>()) {
      reset();
    }
    const auto counts = max_batches();
    const BatchCount most = *std::max_element(counts.begin(), counts.end());
    if (!most.is_infinite()) {
      progress().add(most.value(), true);
    }
  }

  bool loaded() const { return loaded_; }
  /// The next run asks for the loaders again.
  void forget_data() {
    loaded_ = false;
    last_reload_epoch_.reset();
  }
  bool has_run() const { return has_run_; }

  bool restarting = false;
  bool restarted_mid_evaluation = false;

  void update_restart_stage() {
    const Tracker& total = progress().total;
    restarted_mid_evaluation = restarting && total.started == total.ready &&
                               total.processed == total.started - 1 &&
                               total.completed == total.processed;
  }

 private:
  bool skip() const {
    const auto counts = max_batches();
    return std::all_of(counts.begin(), counts.end(),
                       [](BatchCount count) { return count == BatchCount(0); });
  }

  BatchProgress& progress() {
    RunState& state = e_->state();
    if constexpr (Kind == Evaluation::fit_validation) {
      return state.fit.val_batches;
    } else if constexpr (Kind == Evaluation::validate) {
      return state.validate_batches;
    } else {
      return state.test_batches;
    }
  }

  void reset() {
    set_has_run(false);
    loader_metrics_.clear();
    if (restarting && Kind == Evaluation::fit_validation) {
      progress().reset_on_restart();
    } else {
      progress().reset_on_run();
    }
    auto& source = e_->template eval_source<Kind>();
    if constexpr (Kind == Evaluation::fit_validation) {
      source.set_epoch(e_->state().fit.epochs.current.processed);
    }
    source.set_limits(max_batches());
    source.restart(progress().current.ready);
  }

  template <class Source>
  void run_batches(Source& source) {
    std::int64_t previous_loader = 0;
    constexpr std::string_view action = Kind == Evaluation::test ? "[_EvaluationLoop].test_next"
                                                               : "[_EvaluationLoop].val_next";
    while (fetch(*e_, source, action)) {
      if (std::exchange(previous_loader, source.dataloader_idx()) != source.dataloader_idx()) {
        store_loader_metrics();
      }
      progress().is_last_batch = source.done();
      advance(source);
      finish_iteration();
    }
    finish_iteration();
    store_loader_metrics();
  }

  void set_has_run(bool ran) {
    has_run_ = ran;
    if constexpr (Kind == Evaluation::fit_validation) {
      e_->note_validation_ran(ran);
    }
  }

  void on_run_start() {
    e_->capture_modes();
    e_->template call_model<typename Hooks::model_eval>();
    e_->template fire<typename Hooks::start>();
    e_->template fire<typename Hooks::epoch_start>();
  }

  template <class Source>
  void advance(Source& source) {
    const std::int64_t batch_idx = source.batch_idx();
    const std::int64_t loader = source.dataloader_idx();
    const bool several = source.sequential() && source.max_batches().size() > 1;

    auto& batch = e_->transfer(source.batch(), loader);
    progress().add_ready();
    e_->metrics().on_batch_start(batch, several ? std::optional(loader) : std::nullopt);
    e_->template fire<typename Hooks::batch_start>(batch, batch_idx, loader);
    progress().add_started();
    {
      auto output = e_->template eval_step<typename Hooks::step>(batch, batch_idx, loader);
      progress().add_processed();
      e_->template fire<typename Hooks::batch_end>(output, batch, batch_idx, loader);
    }
    e_->metrics().on_batch_end();
    progress().add_completed();
    if (e_->state().stage != Stage::sanity_check) {
      set_has_run(true);
      auto& seen = seen_batches_[static_cast<std::size_t>(loader)];
      e_->metrics().write_eval_step(seen);
      ++seen;
    }
    if (!progress().is_last_batch && e_->interrupted()) {
      throw Interrupted("SIGTERM received during evaluation");
    }
  }

  std::vector<MetricTable> on_run_end() {
    e_->metrics().epoch_end_reached();
    e_->metrics().leave_dataloaders();
    e_->template fire<typename Hooks::epoch_end>();
    e_->metrics().on_epoch_end();

    // What was logged at the epoch's end belongs to every loader.
    const MetricTable at_end = e_->metrics().eval_epoch_metrics();
    MetricTable all;
    for (auto it = loader_metrics_.rbegin(); it != loader_metrics_.rend(); ++it) {
      all.update(*it);  // of one name in several loaders the first loader's value counts
    }
    all.update(at_end);
    for (MetricTable& metrics : loader_metrics_) {
      metrics.update(at_end);
    }
    e_->metrics().write_eval_end(all);

    e_->template fire<typename Hooks::end>();
    e_->metrics().reset_results();
    if (e_->template model_has<typename Hooks::model_train>()) {
      e_->template call_model<typename Hooks::model_train>();
    } else {
      e_->restore_modes();
    }
    e_->note_validation_time();
    return std::exchange(loader_metrics_, {});
  }

  void store_loader_metrics() {
    e_->metrics().epoch_end_reached();
    loader_metrics_.push_back(e_->metrics().eval_epoch_metrics());
  }

  void finish_iteration() {
    restarting = false;
    restarted_mid_evaluation = false;
  }

  E* e_;
  bool loaded_ = false;
  bool has_run_ = false;
  std::optional<std::int64_t> last_reload_epoch_;
  std::vector<BatchCount> limits_;          // per loader; the source's own are cut in the sanity check
  std::vector<std::int64_t> seen_batches_;  // per loader, since the loaders were set up
  std::vector<MetricTable> loader_metrics_;
};

}  // namespace lt
