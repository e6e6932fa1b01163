// SPDX-License-Identifier: Apache-2.0
// Where `log` puts its values: accumulated over an epoch, weighted, reduced, and handed to the
// metric tables of the run. Source of the rules: Lightning,
// trainer/connectors/logger_connector/{result,logger_connector}.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/log_options.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/run_view.hpp"
#include "lt/metrics/metric_collection.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Asks for the number of samples in a batch: `find_batch_size(batch, BatchSizeQuery())` is looked
/// up where the store is used, since batches are opaque here (data/batch_size.hpp says what it
/// returns, trainer/data_calls.hpp has the one for tensors).
struct BatchSizeQuery {};

class RecordedLog;
class DeviceNumbers;

/// All metrics of a trainer: what `log` writes to, and what the loops report to loggers and tables.
class MetricStore {
 public:
  explicit MetricStore(RunView& run) : run_(&run) {}

  /// The hook that runs now; decides what `log` may do. Set by the dispatch of hooks.
  HookId current_hook = HookId::none;

  /// While a step is captured: what is logged goes here first (metrics/recorded_log.hpp).
  RecordedLog* recorded = nullptr;

  /// Stores a value. Errors: lt::ConfigError when the running hook does not allow it, or not with
  /// these options.
  void log(std::string_view name, LoggedValue value, const LogOptions& given) {
    log_into(name, given, [&](auto& collection, auto& entry) {
      value.is_double = value.is_double || run_->metrics_in_double;
      if (!value.is_double) {
        value.value = static_cast<double>(static_cast<float>(value.value));
      }
      collection.update(entry, value, batch_size_for(entry, given));
    });
  }
  /// The same for a number that is still on a device: `read` fetches all that are, when somebody
  /// looks at one.
  void log_later(std::string_view name, bool is_double, const LogOptions& given,
                 const WaitingValues::Read& read) {
    for (MetricCollection& other : collections_) {
      if (&other != active()) {
        other.settle();  // what is read at once belongs to one of them
      }
    }
    log_into(name, given, [&](auto& collection, auto& entry) {
      collection.update_later(entry, is_double || run_->metrics_in_double,
                              batch_size_for(entry, given), read);
    });
  }
  /// Where tensors that are logged wait to be read together; none: they are read at once. The
  /// trainer sets it where the device is not the host (metrics/recorded_log.hpp).
  std::shared_ptr<DeviceNumbers> numbers;
  /// True if nothing of what is logged is kept.
  bool ignores_log() const { return run_->options().barebones; }

 private:
  template <class Update>
  void log_into(std::string_view name, const LogOptions& given, Update&& update) {
    if (run_->options().barebones) {
      run_->messages().warn("W031", text("log(\"", name, "\") does nothing under barebones"));
      return;
    }
    MetricCollection* collection = active();
    if (collection == nullptr) {
      throw ConfigError(text("lt[E162] log(\"", name,
                             "\") has no place here: nothing is collected "
                             "while predicting or outside of a run"));
    }
    const LogOptions options = resolve(name, given);
    if (last_hook_ != current_hook && first_iteration_.value_or(true)) {
      collection->reset(current_hook);  // of an earlier epoch
    }
    update(*collection, collection->entry(current_hook, name, options));
    last_hook_ = current_hook;
  }

 public:
  // -- what the loops call (MetricKeeper) -------------------------------------------------------
  template <class Batch>
  void on_batch_start(const Batch& batch, std::optional<std::int64_t> loader) {
    first_iteration_ = !first_iteration_.has_value();
    // Asked at once, since here the type of the batch is known.
    const auto found = find_batch_size(batch, BatchSizeQuery());
    batch_size_ = found.size;
    batch_size_is_ambiguous_ = found.ambiguous;
    in_batch_ = true;
    active()->loader = loader;
  }
  void on_batch_end() {
    share();
    active()->note_batch_end();
    in_batch_ = false;
  }
  void epoch_end_reached() {
    flush();
    first_iteration_.reset();
    share();
  }
  /// Gives metrics with `sync_dist` the values of all ranks, in one exchange. Called where all
  /// ranks come by, never when somebody reads: a callback of rank zero alone would wait for ever.
  void share() {
    if (run_->world_size > 1 && !run_->sanity_checking()) {
      active()->sync(!first_iteration_.has_value(),
                     [&](const std::vector<double>& own) { return run_->exchange(own); });
    }
  }
  void on_epoch_end() {
    share();
    flush();
    pull();
    last_hook_ = HookId::none;
  }
  void leave_dataloaders() { active()->loader.reset(); }

  void write_train_step() {
    if (!has_loggers || !(run_->should_update_logs() || run_->fast_dev_run())) {
      return;
    }
    write(logger_values(), std::nullopt);
  }
  void write_train_epoch() {
    write(logger_values(), std::nullopt);
    reset_results();
  }
  void write_eval_step(std::int64_t step) {
    if (has_loggers) {
      write(logger_values(), step);
    }
  }
  MetricTable eval_epoch_metrics() {
    if (run_->sanity_checking()) {
      return {};
    }
    flush();
    pull();
    return logger_values();
  }
  void write_eval_end(const MetricTable& metrics) {
    if (!run_->sanity_checking()) {
      write(metrics, std::nullopt);
    }
  }
  void reset_results() {
    if (MetricCollection* collection = active()) {
      collection->reset();
    }
    first_iteration_.reset();
    last_hook_ = HookId::none;
  }
  void reset_tables() {
    run_->callback_metrics_.clear();
    run_->progress_bar_metrics_.clear();
    run_->logged_metrics_.clear();
  }
  std::optional<bool> save_iteration() const { return first_iteration_; }
  void restore_iteration(std::optional<bool> saved) { first_iteration_ = saved; }

  /// Brings one of the metric tables of the run up to date, or all; called when somebody reads it.
  void refresh(std::optional<MetricKind> kind = {}) {
    flush();
    if (const MetricCollection* collection = active(); collection && !collection->empty()) {
      pull(kind);
    }
  }
  /// Step values of finished batches go into the tables, those of a batch that failed do not.
  void flush() {
    for (MetricCollection& collection : collections_) {
      collection.take_batch_end_values(
          [&](const auto& entry, double value, const auto& name, const auto& forked) {
            store(entry, value, name, forked, collection.training());
          });
    }
  }

  bool has_loggers = false;

 private:
  MetricCollection* active() {
    switch (run_->stage()) {
      case Stage::train:
        return &collections_[0];
      case Stage::none:
      case Stage::predict:
        return nullptr;
      default:
        return &collections_[run_->fn() == RunFn::fit ? 1 : run_->fn() == RunFn::validate ? 2 : 3];
    }
  }

  LogOptions resolve(std::string_view name, const LogOptions& given) const {
    if (current_hook == HookId::none) {
      throw ConfigError(text("lt[E163] log(\"", name, "\") was called outside of a hook"));
    }
    const HookInfo& info = hook_info(current_hook);
    if (info.log_rule == LogRule::never) {
      throw ConfigError(text("lt[E164] log(\"", name, "\") cannot be called in `", info.name,
                             "`; write to the logger itself there"));
    }
    LogOptions options = given;
    const bool by_step = info.log_rule == LogRule::step;
    options.on_step = given.on_step.value_or(by_step);
    options.on_epoch = given.on_epoch.value_or(!by_step);
    if (info.log_rule == LogRule::epoch && (*options.on_step || !*options.on_epoch)) {
      throw ConfigError(text("lt[E165] log(\"", name, "\", on_step = ", *options.on_step,
                             ", on_epoch = ", *options.on_epoch, ") in `", info.name,
                             "`; expected on_step = false and on_epoch = true there"));
    }
    if (options.add_dataloader_idx && name.find("/dataloader_idx_") != std::string_view::npos) {
      throw ConfigError(text("lt[E166] log(\"", name,
                             "\"): the name contains /dataloader_idx_, "
                             "which is added for several loaders; expected another name"));
    }
    if (!*options.on_step && !*options.on_epoch) {
      throw ConfigError(
          text("lt[E167] log(\"", name,
               "\", on_step = false, on_epoch = false) keeps nothing; expected one of "
               "them to be true"));
    }
    return options;
  }

  std::int64_t batch_size_for(const MetricCollection::Entry& entry, const LogOptions& given) {
    if (given.batch_size) {
      return *given.batch_size;
    }
    if (!in_batch_ || !*entry.options.on_epoch || entry.options.reduce_fx != ReduceFx::mean) {
      return 1;
    }
    if (!batch_size_) {
      throw ConfigError(text("lt[E168] log(\"", entry.name,
                             "\"): the batch has no size that could "
                             "be found; expected batch_size among the options"));
    }
    if (batch_size_is_ambiguous_) {
      run_->messages().warn("W032",
                            "the tensors of a batch differ in their first size: log() weights "
                            "means by the first; set batch_size in its options to be sure");
    }
    return *batch_size_;
  }

  void store(const MetricCollection::Entry& entry, double value, const std::string& name,
             const std::string& forked, bool to_callbacks, std::optional<MetricKind> kind = {}) {
    const auto wanted = [&](MetricKind table) { return kind.value_or(table) == table; };
    if (entry.options.logger && wanted(MetricKind::logged)) {
      run_->logged_metrics_.set(forked, value);
    }
    if (to_callbacks && wanted(MetricKind::callback)) {
      run_->callback_metrics_.set(name, value);
      run_->callback_metrics_.set(forked, value);
    }
    if (entry.options.prog_bar && wanted(MetricKind::progress_bar)) {
      run_->progress_bar_metrics_.set(forked, value);
    }
  }

  /// Reads the running loop's metrics into the tables, or one of them.
  void pull(std::optional<MetricKind> kind = {}) {
    const bool on_step = first_iteration_.has_value();
    active()->settle();
    const MetricCollection& collection = *active();
    collection.for_each_value(
        on_step, [&](const auto& entry, double value, const auto& name, const auto& forked) {
          // Evaluation shows its callbacks epoch values only.
          const bool to_callbacks = collection.training() || (*entry.options.on_epoch && !on_step);
          store(entry, value, name, forked, to_callbacks, kind);
        });
  }

  MetricTable logger_values() {
    MetricTable out;
    active()->settle();
    active()->for_each_value(first_iteration_.has_value(),
                             [&](const auto& entry, double value, const auto&, const auto& forked) {
                               if (entry.options.logger) {
                                 out.set(forked, value);
                               }
                             });
    return out;
  }

  /// Hands a record to the loggers. A metric named "step" is its step; else the epoch is added.
  void write(MetricTable metrics, std::optional<std::int64_t> step) {
    if (!has_loggers || metrics.empty()) {
      return;
    }
    run_->logged_metrics_.update(metrics);
    if (!step) {
      if (const auto value = metrics.take("step")) {
        step = static_cast<std::int64_t>(*value);
      } else {
        if (!metrics.contains("epoch")) {
          metrics.set("epoch", static_cast<double>(run_->current_epoch()));
        }
        step = run_->state().fit.batches_that_stepped;
      }
    }
    run_->log_metrics(metrics, *step);
  }

  RunView* run_;
  // Training, validation inside fit, validate, test.
  MetricCollection collections_[4] = {MetricCollection(true), MetricCollection(false),
                                      MetricCollection(false), MetricCollection(false)};
  HookId last_hook_ = HookId::none;
  std::optional<bool> first_iteration_;  // none: not in a batch loop; true: its first batch
  bool in_batch_ = false;
  std::optional<std::int64_t> batch_size_;  // of the running batch
  bool batch_size_is_ambiguous_ = false;
};

}  // namespace lt
