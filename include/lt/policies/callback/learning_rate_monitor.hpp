// SPDX-License-Identifier: Apache-2.0
// LearningRateMonitor: writes the learning rates to the loggers.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/schedule_options.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/callback.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Lightning's arguments of `LearningRateMonitor`.
struct LearningRateMonitorOptions {
  std::optional<ScheduleInterval> logging_interval{};
  bool log_momentum = false;
  bool log_weight_decay = false;
};

}  // namespace lt

LT_REFLECT(lt::LearningRateMonitorOptions,
           (logging_interval, "log per step or per epoch; default: as each schedule moves"),
           (log_momentum, "log momentum, or the first beta, too"),
           (log_weight_decay, "log weight decay too"))

namespace lt {

/// Logs the rate of each parameter group under `lr-` and the class of its optimizer, or the name
/// given with its schedule; `-1`, `-2` tell optimizers of one class apart, `/pg1` or `/` and the name
/// of the group tell groups apart. The values are callback metrics, too.
///
/// Errors: lt::ConfigError without a logger, and for two groups of one optimizer with one name.
/// Source: Lightning, callbacks/lr_monitor.py.
class LearningRateMonitor {
 public:
  using Options = LearningRateMonitorOptions;
  static constexpr std::string_view name = "LearningRateMonitor";

  LearningRateMonitor() = default;
  explicit LearningRateMonitor(Options options) : options_(options) {}

  const Options& options() const { return options_; }
  /// Every rate that was logged in the last fit, by name.
  const std::map<std::string, std::vector<double>>& lrs() const { return lrs_; }
  const std::map<std::string, double>& last_momentum_values() const { return momentum_; }
  const std::map<std::string, double>& last_weight_decay_values() const { return weight_decay_; }

  // -- hooks ------------------------------------------------------------------------------------

  void on_train_start(RunView& run) {
    if (run.logger_places().empty()) {
      throw ConfigError("lt[E344] LearningRateMonitor: the trainer has no logger; expected one");
    }
    const Optimizers optimizers = optimizers_of(run);
    if (options_.log_momentum && lacks_momentum(optimizers)) {
      run.messages().warn("W332",
                          "LearningRateMonitor: log_momentum is set, but an optimizer has no "
                          "momentum; 0 is logged for it");
    }
    lrs_.clear();
    momentum_.clear();
    weight_decay_.clear();
    for (const Entry& entry : entries_of(run, optimizers)) {
      for (const std::string& key : entry.names) {
        lrs_[key];
      }
    }
  }

  template <class Batch>
  void on_train_batch_start(RunView& run, const Batch&, std::int64_t) {
    if (options_.logging_interval != ScheduleInterval::epoch && run.should_update_logs()) {
      write(run, ScheduleInterval::step);
    }
  }

  void on_train_epoch_start(RunView& run) {
    if (options_.logging_interval != ScheduleInterval::step) {
      write(run, ScheduleInterval::epoch);
    }
  }

 private:
  using Optimizers = std::vector<std::vector<GroupView>>;

  /// A schedule, or an optimizer without one: the names of its groups, and how often it moves.
  struct Entry {
    std::size_t optimizer = 0;
    std::optional<ScheduleInterval> interval{};
    std::vector<std::string> names{};
  };

  static Optimizers optimizers_of(RunView& run) {
    Optimizers out;
    for (const GroupView& group : run.optimizer_groups()) {
      out.resize(std::max(out.size(), group.optimizer + 1));
      out[group.optimizer].push_back(group);
    }
    return out;
  }

  static bool lacks_momentum(const Optimizers& optimizers) {
    return std::any_of(optimizers.begin(), optimizers.end(), [](const auto& groups) {
      return std::any_of(groups.begin(), groups.end(),
                         [](const GroupView& group) { return !group.momentum; });
    });
  }

  // Those with a schedule first: they decide the numbers behind names.
  static std::vector<Entry> entries_of(RunView& run, const Optimizers& optimizers) {
    std::vector<Entry> out;
    std::map<std::string_view, int> seen;  // unnamed entries of each class
    std::vector<bool> has_schedule(optimizers.size());
    for (const ScheduleView& schedule : run.schedules()) {
      has_schedule[schedule.optimizer] = true;
      out.push_back({schedule.optimizer, schedule.interval,
                     names_of(optimizers[schedule.optimizer], schedule.name, seen)});
    }
    for (std::size_t i = 0; i < optimizers.size(); ++i) {
      if (!has_schedule[i] && !optimizers[i].empty()) {
        out.push_back({i, {}, names_of(optimizers[i], {}, seen)});
      }
    }
    return out;
  }

  static std::vector<std::string> names_of(const std::vector<GroupView>& groups,
                                           std::string_view given,
                                           std::map<std::string_view, int>& seen) {
    const std::string_view type = groups[0].optimizer_class;
    if (given.empty()) {
      ++seen[type];
    }
    std::string base = given.empty() ? text("lr-", type) : std::string(given);
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      labels.push_back(groups[i].group_name.empty() ? text("pg", i + 1)
                                                    : std::string(groups[i].group_name));
      if (std::find(labels.begin(), labels.end() - 1, labels.back()) != labels.end() - 1) {
        throw ConfigError(text("lt[E345] LearningRateMonitor: two parameter groups of ", base,
                               " have the name '", labels.back(), "'; expected different names"));
      }
    }
    if (const auto count = seen.find(type); count != seen.end() && count->second > 1) {
      base = text(base, "-", count->second - 1);
    }
    if (groups.size() == 1 && groups[0].group_name.empty()) {
      return {base};
    }
    for (std::string& label : labels) {
      label = text(base, "/", label);
    }
    return labels;
  }

  // An optimizer that got a second group changes the name of its first.
  void rename(const std::vector<std::string>& names) {
    constexpr std::string_view token = "/pg1";
    for (const std::string& fresh : names) {
      if (fresh.ends_with(token)) {
        if (auto old = lrs_.extract(fresh.substr(0, fresh.size() - token.size()))) {
          old.key() = fresh;
          lrs_.insert(std::move(old));
        }
      }
    }
  }

  void write(RunView& run, ScheduleInterval now) {
    const Optimizers optimizers = optimizers_of(run);
    MetricTable table;
    for (const Entry& entry : entries_of(run, optimizers)) {
      rename(entry.names);
      const bool due = options_.logging_interval || entry.interval.value_or(now) == now;
      for (std::size_t i = 0; due && i < entry.names.size(); ++i) {
        add(table, entry.names[i], optimizers[entry.optimizer][i]);
      }
    }
    for (const auto& [key, value] : table) {
      run.callback_metrics_.set(key, run.round(value));
    }
    if (!table.empty()) {
      run.log_metrics(table, run.state().fit.batches_that_stepped);
    }
  }

  void add(MetricTable& table, const std::string& key, const GroupView& group) {
    lrs_[key].push_back(group.lr);
    table.set(key, group.lr);
    if (options_.log_momentum) {
      table.set(key + "-momentum", momentum_[key + "-momentum"] = group.momentum.value_or(0.0));
    }
    if (options_.log_weight_decay) {
      table.set(key + "-weight_decay",
                weight_decay_[key + "-weight_decay"] = group.weight_decay.value_or(0.0));
    }
  }

  Options options_;
  std::map<std::string, std::vector<double>> lrs_;
  std::map<std::string, double> momentum_;
  std::map<std::string, double> weight_decay_;
};

}  // namespace lt
