// SPDX-License-Identifier: Apache-2.0
// What a callback sees of a run, without knowing the types of model, data and policies.
#pragma once

#include "lt/core/log_options.hpp"
#include "lt/core/messages.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/schedule_options.hpp"
#include "lt/core/trainer_options.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Where a logger puts its files: `save_dir / name / version`.
struct LoggerPlace {
  std::string name;
  std::string version;  // "version_0", or the user's own text
  std::string save_dir;
};

/// One parameter group of an optimizer, as callbacks may read it. `optimizer` is its index.
struct GroupView {
  std::size_t optimizer = 0;
  std::size_t group = 0;
  std::string_view optimizer_class;
  std::string_view group_name;
  double lr = 0.0;
  std::optional<double> momentum;  // momentum, or the first beta
  std::optional<double> weight_decay;
};

/// One learning-rate schedule, as callbacks may read it.
struct ScheduleView {
  std::size_t optimizer = 0;
  ScheduleInterval interval = ScheduleInterval::epoch;
  std::string_view name;  // given by the user; empty if not
};

/// Which of the metric tables is read.
enum class MetricKind : std::uint8_t { callback, progress_bar, logged };

class RunView;

/// The seldom used services of a run, filled in by the trainer. Reached through function pointers:
/// they are called once per epoch, per checkpoint or per log record, never in a plain step.
struct RunServices {
  void (*refresh_metrics)(RunView&, MetricKind) = nullptr;
  void (*log)(RunView&, std::string_view, double, const LogOptions&) = nullptr;
  void (*log_metrics)(RunView&, const MetricTable&, std::int64_t) = nullptr;
  void (*save_checkpoint)(RunView&, const std::filesystem::path&, bool weights_only) = nullptr;
  void (*remove_checkpoint)(RunView&, const std::filesystem::path&) = nullptr;
  void (*link_checkpoint)(RunView&, const std::filesystem::path& target,
                          const std::filesystem::path& link) = nullptr;
  void (*after_save_checkpoint)(RunView&) = nullptr;
  std::vector<LoggerPlace> (*logger_places)(RunView&) = nullptr;
  std::vector<GroupView> (*groups)(RunView&) = nullptr;
  std::vector<ScheduleView> (*schedules)(RunView&) = nullptr;
  void (*set_lr)(RunView&, std::size_t optimizer, std::size_t group, double lr) = nullptr;
  BatchCount (*estimated_stepping_batches)(RunView&) = nullptr;
  // Among ranks; a run of one process may leave them out.
  bool (*decide)(RunView&, bool mine, bool all) = nullptr;
  std::string (*broadcast)(RunView&, std::string) = nullptr;
  std::vector<std::vector<double>> (*exchange)(RunView&, const std::vector<double>&) = nullptr;
};

/// The concrete base of the context that every callback hook gets first. Take it as `lt::RunView&`
/// in hooks that live in a .cpp file, or as `auto& ctx` to reach the model and the trainer too.
class RunView {
 public:
  RunView(RunState& state, TrainerOptions& options, Messages& messages, const RunServices& services)
      : state_(&state), options_(&options), messages_(&messages), services_(&services) {}

  // -- where the run stands ---------------------------------------------------------------------
  const RunState& state() const { return *state_; }
  RunState& state() { return *state_; }
  const TrainerOptions& options() const { return *options_; }
  /// Completed epochs: inside epoch k it is k.
  std::int64_t current_epoch() const { return state_->current_epoch(); }
  /// Optimizer steps made so far.
  std::int64_t global_step() const { return state_->global_step(); }
  Stage stage() const { return state_->stage; }
  RunFn fn() const { return state_->fn; }
  bool sanity_checking() const { return state_->stage == Stage::sanity_check; }
  bool fast_dev_run() const { return options_->fast_dev_run > 0; }
  bool is_global_zero() const { return global_rank == 0; }

  /// Asks the run to end as soon as `min_epochs` and `min_steps` allow it.
  void stop() { state_->should_stop = true; }
  bool should_stop() const { return state_->should_stop; }

  // -- metrics ----------------------------------------------------------------------------------
  /// What was logged so far, for monitors. Refreshed from the running loop on each call.
  const MetricTable& callback_metrics() {
    services_->refresh_metrics(*this, MetricKind::callback);
    return callback_metrics_;
  }
  /// What was logged with `prog_bar`.
  const MetricTable& progress_bar_metrics() {
    services_->refresh_metrics(*this, MetricKind::progress_bar);
    return progress_bar_metrics_;
  }
  /// What was logged with `logger`.
  const MetricTable& logged_metrics() {
    services_->refresh_metrics(*this, MetricKind::logged);
    return logged_metrics_;
  }
  /// Logs a number from a hook, as the model's own `log` does.
  void log(std::string_view name, double value, const LogOptions& options = {}) {
    services_->log(*this, name, value, options);
  }
  /// Rounds to the precision in which metrics are kept (float, or double under 64-true).
  double round(double value) const {
    return metrics_in_double ? value : static_cast<double>(static_cast<float>(value));
  }

  // -- loggers ----------------------------------------------------------------------------------
  /// Writes a record to every logger, as it stands.
  void log_metrics(const MetricTable& metrics, std::int64_t step) {
    services_->log_metrics(*this, metrics, step);
  }
  /// Where the loggers write; empty without loggers.
  std::vector<LoggerPlace> logger_places() { return services_->logger_places(*this); }
  /// True when step metrics are written at this step.
  bool should_update_logs() const {
    const std::int64_t every = options_->log_every_n_steps.value_or(50);
    if (every == 0) {
      return false;
    }
    const std::int64_t step =
        state_->stage == Stage::train     ? state_->fit.batches_that_stepped + 1
        : state_->fn == RunFn::fit        ? state_->fit.val_batches.current.ready
        : state_->fn == RunFn::validate   ? state_->validate_batches.current.ready
        : state_->fn == RunFn::test       ? state_->test_batches.current.ready
                                          : state_->predict_batches.current.ready;
    return step % every == 0 || state_->should_stop;
  }

  // -- checkpoints ------------------------------------------------------------------------------
  /// Writes a checkpoint; all ranks call it.
  void save_checkpoint(const std::filesystem::path& path, bool weights_only = false) {
    services_->save_checkpoint(*this, path, weights_only);
  }
  void remove_checkpoint(const std::filesystem::path& path) {
    services_->remove_checkpoint(*this, path);
  }
  /// Makes `link` a relative link to `target`, replacing what is there (a copy where links cannot
  /// be made). Nothing happens when both are the same path.
  void link_checkpoint(const std::filesystem::path& target, const std::filesystem::path& link) {
    services_->link_checkpoint(*this, target, link);
  }
  /// Tells the loggers that a checkpoint callback has saved.
  void after_save_checkpoint() { services_->after_save_checkpoint(*this); }
  /// The folder for files of this run when nothing else is said.
  std::filesystem::path default_root_dir() const {
    const std::string_view dir = options_->default_root_dir;
    return dir.empty() ? std::filesystem::path(".") : std::filesystem::path(dir);
  }
  /// The checkpoint that this run was resumed from; empty if none.
  const std::filesystem::path& resumed_from() const { return resumed_from_path; }

  // -- optimizers -------------------------------------------------------------------------------
  /// All parameter groups of all optimizers.
  std::vector<GroupView> optimizer_groups() { return services_->groups(*this); }
  /// All learning-rate schedules, in the order of configure_optimizers.
  std::vector<ScheduleView> schedules() { return services_->schedules(*this); }
  void set_lr(std::size_t optimizer, std::size_t group, double lr) {
    services_->set_lr(*this, optimizer, group, lr);
  }

  // -- ranks ------------------------------------------------------------------------------------
  /// One decision for all ranks: yes if all of them say so. All ranks call it.
  bool all_agree(bool mine) {
    return services_->decide != nullptr ? services_->decide(*this, mine, true) : mine;
  }
  /// Yes if any rank says so.
  bool any_wants(bool mine) {
    return services_->decide != nullptr ? services_->decide(*this, mine, false) : mine;
  }
  /// What rank zero says.
  bool rank_zero_decides(bool mine) { return any_wants(is_global_zero() && mine); }
  /// The numbers of all ranks, by rank; each brings as many.
  std::vector<std::vector<double>> exchange(const std::vector<double>& own) {
    return services_->exchange != nullptr ? services_->exchange(*this, own)
                                          : std::vector<std::vector<double>>{own};
  }
  std::string broadcast(std::string text) {
    return services_->broadcast != nullptr ? services_->broadcast(*this, std::move(text)) : text;
  }

  /// Optimizer steps that the whole fit will make; infinite for endless runs. May be asked for in
  /// configure_optimizers.
  BatchCount estimated_stepping_batches() { return services_->estimated_stepping_batches(*this); }

  // -- messages ---------------------------------------------------------------------------------
  Messages& messages() { return *messages_; }

  // Set by the trainer.
  std::int64_t global_rank = 0;
  std::int64_t world_size = 1;
  bool metrics_in_double = false;
  bool validation_enabled = false;
  bool val_loop_has_run = false;
  std::vector<BatchCount> eval_batches;  // per loader of the evaluation or prediction that runs now
  std::filesystem::path resumed_from_path;
  MetricTable callback_metrics_;
  MetricTable progress_bar_metrics_;
  MetricTable logged_metrics_;

 protected:
  RunState* state_;
  TrainerOptions* options_;
  Messages* messages_;
  const RunServices* services_;
};

}  // namespace lt
