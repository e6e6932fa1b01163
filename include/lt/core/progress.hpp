// SPDX-License-Identifier: Apache-2.0
// Progress counters of the loops: what was prepared, started, processed and completed.
#pragma once

#include "lt/core/reflect.hpp"

#include <cstdint>

namespace lt {

/// One attempt passes through four counters: `ready` before its hooks, `started` before its step,
/// `processed` after the step, `completed` after its end hooks.
/// Source: Lightning, loops/progress.py.
struct Tracker {
  std::int64_t ready = 0;
  std::int64_t started = 0;
  std::int64_t processed = 0;
  std::int64_t completed = 0;

  /// Forgets an attempt that was cut off: all counters fall back to what was completed.
  void fall_back() { ready = started = processed = completed; }
  friend bool operator==(const Tracker&, const Tracker&) = default;
};

/// Counters over the whole run (`total`) and since the loop was last started (`current`).
struct Progress {
  Tracker total;
  Tracker current;

  void add_ready(std::int64_t n = 1) { total.ready += n, current.ready += n; }
  void add_started(std::int64_t n = 1) { total.started += n, current.started += n; }
  void add_processed(std::int64_t n = 1) { total.processed += n, current.processed += n; }
  void add_completed(std::int64_t n = 1) { total.completed += n, current.completed += n; }
  /// Raises all four counters.
  void add(std::int64_t n) {
    add_ready(n);
    add_started(n);
    add_processed(n);
    add_completed(n);
  }
  /// A fresh run of the loop.
  void reset_on_run() { current = {}; }
  /// A run that goes on after a checkpoint.
  void reset_on_restart() { current.fall_back(); }
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// Progress over batches: also knows whether the latest batch is the last of the epoch.
struct BatchProgress : Progress {
  bool is_last_batch = false;

  void reset_on_run() {
    Progress::reset_on_run();
    is_last_batch = false;
  }
  void add(std::int64_t n, bool is_last) {
    Progress::add(n);
    is_last_batch = is_last;
  }
  friend bool operator==(const BatchProgress&, const BatchProgress&) = default;
};

}  // namespace lt

LT_REFLECT(lt::Tracker, (ready, "prepared"), (started, "hooks called, step begun"),
           (processed, "step done"), (completed, "end hooks done"))
