// SPDX-License-Identifier: Apache-2.0
// The metrics of one loop: found by name, accumulated over an epoch with weights, shared among
// ranks. Source of the rules: Lightning, trainer/connectors/logger_connector/result.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/log_options.hpp"
#include "lt/core/text.hpp"
#include "lt/metrics/rank_sync.hpp"
#include "lt/metrics/waiting_values.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

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
  void update(Entry& entry, LoggedValue in, std::int64_t batch_size) {
    if (waiting_.empty()) {
      update_now(entry, in, batch_size);
    } else {
      waiting_.add(index_of(entry), in, batch_size);
    }
  }
  /// The same for a number that a device has not given yet; `read` is called once for all of them.
  void update_later(Entry& entry, bool is_double, std::int64_t batch_size,
                    const WaitingValues::Read& read) {
    waiting_.add_unread(index_of(entry), is_double, batch_size, read);
  }
  /// Reads what is waited for. All who look at values call it first.
  void settle() {
    if (!waiting_.empty()) {
      waiting_.take([&](const WaitingValues::Item& item) {
        if (item.ends_batch()) {
          const auto outer = std::exchange(loader, item.loader);
          note_batch_end_now();
          loader = outer;
        } else {
          update_now(entries_[item.entry], item.value, item.weight);
        }
      });
    }
  }

  static void update_now(Entry& entry, LoggedValue in, std::int64_t batch_size) {
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
    if (waiting_.empty()) {
      note_batch_end_now();
    } else {
      waiting_.end_batch(loader);
    }
  }
  void note_batch_end_now() {
    for (Entry& entry : entries_) {
      if (!entry.has_reset && entry.loader == loader && *entry.options.on_step) {
        entry.batch_end_value = entry.step_value;
      }
    }
  }
  template <class F>
  void take_batch_end_values(F&& f) {
    settle();
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
    settle();
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
    settle();
    for (Entry& entry : entries_) {
      entry.reset();
    }
  }
  /// Forgets what one hook logged.
  void reset(HookId hook) {
    settle();
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
    return entry.is_double ? a + b
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

  std::size_t index_of(const Entry& entry) const {
    return static_cast<std::size_t>(&entry - entries_.data());
  }

  bool training_;
  std::size_t cursor_ = 0;
  std::vector<Entry> entries_;
  WaitingValues waiting_;
};

}  // namespace lt
