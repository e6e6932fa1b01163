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
#include "lt/metrics/rank_sync.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
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

/// A value on its way into the store. Metrics are kept as float unless the value, or the run, is
/// in double; results then round exactly as float tensors would.
struct LoggedValue {
  double value = 0.0;
  bool is_double = false;
};

/// The metrics of one loop (training, validation inside fit, validate, test).
class MetricCollection {
 public:
  explicit MetricCollection(bool training) : training_(training) {}

  struct Entry {
    HookId hook = HookId::none;
    std::string name;
    LogOptions options;  // on_step and on_epoch are set
    bool keyed_by_loader = false;
    std::optional<std::int64_t> loader;
    bool is_double = false;
    bool has_reset = false;
    double value = 0.0;
    std::int64_t weight = 0;
    std::optional<double> step_value;
    std::optional<double> batch_end_value;  // not yet in the tables
    bool step_is_own = false;               // step_value is that of this rank alone
    std::optional<double> over_ranks;       // the value over the epoch on all ranks

    bool synced() const { return options.sync_dist && !options.rank_zero_only; }
    bool forked() const { return *options.on_step && *options.on_epoch; }
    void reset() {
      constexpr double inf = std::numeric_limits<double>::infinity();
      value = options.reduce_fx == ReduceFx::min   ? inf
              : options.reduce_fx == ReduceFx::max ? -inf
                                                   : 0.0;
      weight = 0;
      step_value.reset();
      step_is_own = false;
      over_ranks.reset();
      has_reset = true;
    }
  };

  /// Finds the entry of a name in a hook, or makes one. `batch_size` does not identify an entry.
  Entry& entry(HookId hook, std::string_view name, const LogOptions& options) {
    const bool keyed = options.add_dataloader_idx && loader.has_value();
    // Hooks log the same names in the same order on each batch: look at the next entry first.
    const std::size_t count = entries_.size();
    for (std::size_t i = 0; i < count; ++i) {
      Entry& candidate = entries_[(cursor_ + i) % count];
      if (candidate.hook == hook && candidate.keyed_by_loader == keyed &&
          (!keyed || candidate.loader == loader) && candidate.name == name) {
        cursor_ = (cursor_ + i + 1) % count;
        check_same(candidate, options);
        return candidate;
      }
    }
    Entry fresh;
    fresh.hook = hook;
    fresh.name = name;
    fresh.options = options;
    fresh.options.batch_size.reset();
    fresh.keyed_by_loader = keyed;
    fresh.loader = loader;
    fresh.reset();
    fresh.has_reset = false;
    return entries_.emplace_back(std::move(fresh));
  }

  /// Adds a value with its weight.
  static void update(Entry& entry, LoggedValue in, std::int64_t batch_size) {
    entry.has_reset = false;
    entry.is_double = entry.is_double || in.is_double;
    entry.over_ranks.reset();
    if (*entry.options.on_step) {
      entry.step_value = in.value;
      entry.step_is_own = true;
      if (!*entry.options.on_epoch) {
        return;
      }
    }
    switch (entry.options.reduce_fx) {
      case ReduceFx::mean:
        entry.value = add(entry, entry.value, scale(in, batch_size));
        entry.weight += batch_size;
        break;
      case ReduceFx::sum:
        entry.value = add(entry, entry.value, in.value);
        break;
      case ReduceFx::min:  // NaN wins, as in torch.min
        entry.value = in.value < entry.value || in.value != in.value ? in.value : entry.value;
        break;
      case ReduceFx::max:
        entry.value = in.value > entry.value || in.value != in.value ? in.value : entry.value;
        break;
    }
  }

  /// The value over the epoch.
  static double compute(const Entry& entry) {
    if (entry.over_ranks) {
      return *entry.over_ranks;
    }
    if (entry.options.reduce_fx != ReduceFx::mean) {
      return entry.value;
    }
    if (entry.is_double) {
      return entry.value / static_cast<double>(entry.weight);
    }
    return static_cast<double>(static_cast<float>(entry.value) / static_cast<float>(entry.weight));
  }

  /// Calls `f(entry, value, name, forked name)` for every metric that counts now.
  template <class F>
  void for_each_value(bool on_step, F&& f) const {
    for (const Entry& entry : entries_) {
      if (entry.has_reset || entry.loader != loader) {
        continue;
      }
      if (on_step && *entry.options.on_step && entry.step_value) {
        emit(entry, *entry.step_value, "_step", f);
      } else if (!on_step && *entry.options.on_epoch) {
        emit(entry, compute(entry), "_epoch", f);
      }
    }
  }

  /// Remembers the step values of this batch for the tables, which are filled when they are read.
  void note_batch_end() {
    for (Entry& entry : entries_) {
      if (!entry.has_reset && entry.loader == loader && *entry.options.on_step) {
        entry.batch_end_value = entry.step_value;
      }
    }
  }
  template <class F>
  void take_batch_end_values(F&& f) {
    for (Entry& entry : entries_) {
      if (const auto value = std::exchange(entry.batch_end_value, std::nullopt)) {
        emit(entry, *value, "_step", f);
      }
    }
  }

  /// Makes the values of metrics with `sync_dist` those of all ranks: step values of this batch,
  /// and with `epoch` also the values over the epoch. `exchange(numbers)` gives the numbers of all
  /// ranks; it is called once, or not at all if there is nothing to share.
  template <class Exchange>
  void sync(bool epoch, Exchange&& exchange) {
    RankNumbers own;
    for_each_shared(epoch, [&](const Entry& entry, bool step) {
      own.add(entry.name, step ? *entry.step_value : entry.value,
              step ? 1.0 : static_cast<double>(entry.weight));
    });
    if (own.empty()) {
      return;
    }
    const AllRankNumbers all(exchange(own.packed()));
    std::size_t index = 0;
    for_each_shared(epoch, [&](Entry& entry, bool step) {
      const double value = rounded(entry, all.reduce(index++, entry.options.reduce_fx));
      if (step) {
        entry.step_value = value;
        entry.step_is_own = false;
      } else {
        entry.over_ranks = value;
      }
    });
  }

  void reset() {
    for (Entry& entry : entries_) {
      entry.reset();
    }
  }
  /// Forgets what one hook logged.
  void reset(HookId hook) {
    for (Entry& entry : entries_) {
      if (entry.hook == hook && !entry.keyed_by_loader) {
        entry.reset();
      }
    }
  }
  bool training() const { return training_; }
  bool empty() const { return entries_.empty(); }

  std::optional<std::int64_t> loader;  // of the current batch, with several sequential loaders

 private:
  static double scale(LoggedValue in, std::int64_t n) {
    return in.is_double ? in.value * static_cast<double>(n)
                        : static_cast<double>(static_cast<float>(in.value) * static_cast<float>(n));
  }
  static double rounded(const Entry& entry, double value) {
    return entry.is_double ? value : static_cast<double>(static_cast<float>(value));
  }
  // All ranks must come to the same metrics, also to those that one of them has not logged.
  template <class F>
  void for_each_shared(bool epoch, F&& f) {
    for (Entry& entry : entries_) {
      if (entry.synced() && entry.step_is_own) {
        f(entry, true);
      }
      if (entry.synced() && epoch && *entry.options.on_epoch && !entry.over_ranks) {
        f(entry, false);
      }
    }
  }
  static double add(const Entry& entry, double a, double b) {
    return entry.is_double
               ? a + b
               : static_cast<double>(static_cast<float>(a) + static_cast<float>(b));
  }

  void check_same(const Entry& known, const LogOptions& options) const {
    if (same_metric(known.options, options) && known.loader == loader) {
      return;
    }
    throw ConfigError(text("lt[E161] log(\"", known.name, "\", ...) was called twice in `",
                           hook_info(known.hook).name,
                           "` with different arguments; expected the same options, or the value of "
                           "one loader only"));
  }

  template <class F>
  static void emit(const Entry& entry, double value, std::string_view fork, F&& f) {
    std::string name = entry.name;
    std::string forked = entry.forked() ? name + std::string(fork) : name;
    if (entry.options.add_dataloader_idx && entry.loader) {
      const std::string suffix = text("/dataloader_idx_", *entry.loader);
      name += suffix;
      forked += suffix;
    }
    f(entry, value, name, forked);
  }

  bool training_;
  std::size_t cursor_ = 0;
  std::vector<Entry> entries_;
};

class RecordedLog;

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
    if (run_->options().barebones) {
      run_->messages().warn("W031", text("log(\"", name, "\") does nothing under barebones"));
      return;
    }
    MetricCollection* collection = active();
    if (collection == nullptr) {
      throw ConfigError(text("lt[E162] log(\"", name, "\") has no place here: nothing is collected "
                             "while predicting or outside of a run"));
    }
    const LogOptions options = resolve(name, given);
    if (last_hook_ != current_hook && first_iteration_.value_or(true)) {
      collection->reset(current_hook);  // of an earlier epoch
    }
    MetricCollection::Entry& entry = collection->entry(current_hook, name, options);
    value.is_double = value.is_double || run_->metrics_in_double;
    if (!value.is_double) {
      value.value = static_cast<double>(static_cast<float>(value.value));
    }
    MetricCollection::update(entry, value, batch_size_for(entry, given));
    last_hook_ = current_hook;
  }

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
      active()->sync(!first_iteration_.has_value(), [&](const std::vector<double>& own) {
        return run_->exchange(own);
      });
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
      collection.take_batch_end_values([&](const auto& entry, double value, const auto& name,
                                           const auto& forked) {
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
        return &collections_[run_->fn() == RunFn::fit        ? 1
                             : run_->fn() == RunFn::validate ? 2
                                                             : 3];
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
      throw ConfigError(text("lt[E166] log(\"", name, "\"): the name contains /dataloader_idx_, "
                             "which is added for several loaders; expected another name"));
    }
    if (!*options.on_step && !*options.on_epoch) {
      throw ConfigError(text("lt[E167] log(\"", name,
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
      throw ConfigError(text("lt[E168] log(\"", entry.name, "\"): the batch has no size that could "
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
    const MetricCollection& collection = *active();
    collection.for_each_value(on_step, [&](const auto& entry, double value, const auto& name,
                                           const auto& forked) {
      // Evaluation shows its callbacks epoch values only.
      const bool to_callbacks = collection.training() || (*entry.options.on_epoch && !on_step);
      store(entry, value, name, forked, to_callbacks, kind);
    });
  }

  MetricTable logger_values() {
    MetricTable out;
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
