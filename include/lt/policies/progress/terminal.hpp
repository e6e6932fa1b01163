// SPDX-License-Identifier: Apache-2.0
// TerminalProgress: a bar on a terminal, plain lines anywhere else.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/clock.hpp"
#include "lt/core/console.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/progress.hpp"
#include "lt/policies/progress/progress_line.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

struct TerminalProgressOptions {
  double refresh_rate = 10.0;  // redraws per second, at most
  bool leave = false;          // each epoch keeps its line
};

}  // namespace lt

LT_REFLECT(lt::TerminalProgressOptions,
           (refresh_rate, "redraws per second, at most; 0: no progress"),
           (leave, "keep the line of each epoch"))

LT_CHECKS(lt::TerminalProgressOptions,
          LT_CHECK(E360, refresh_rate, o.refresh_rate >= 0.0, "must be 0 (no progress) or more"))

namespace lt {

/// Shows epoch, batches, time, speed and the metrics logged with `prog_bar`. On a terminal one line
/// is redrawn; elsewhere there is a line after the first batch, after each validation and epoch.
///
/// Metrics are read only when something is shown: a batch in between costs one look at the clock.
/// Ranks: rank zero only.
class TerminalProgress {
 public:
  using Options = TerminalProgressOptions;
  static constexpr std::string_view name = "TerminalProgress";
  static constexpr DefaultPart substitute = DefaultPart::progress_bar;
  // After the model at an epoch's end: what it logs there is shown, too.
  static constexpr CallbackOrder order = CallbackOrder::monitor;

  TerminalProgress() = default;
  explicit TerminalProgress(Options options) : options_(options) { validate(options_, name); }

  const Options& options() const { return options_; }
  void set_console(Console console) { console_ = console; }
  void set_clock(Clock clock) { clock_ = clock; }

  // -- a run ------------------------------------------------------------------------------------

  void setup(RunView& run, RunFn) {
    enabled_ = run.is_global_zero() && options_.refresh_rate > 0.0;
    version_ = enabled_ ? version_text(run.logger_places()) : std::string();
    first_line_due_ = true;
  }
  void teardown(RunView&, RunFn) { end_line(); }
  void on_exception(RunView&, const std::exception&) { end_line(); }

  // -- training ---------------------------------------------------------------------------------

  void on_train_start(RunView& run) { begin_epoch(run); }  // resuming may skip the next hook
  void on_train_epoch_start(RunView& run) { begin_epoch(run); }
  template <class Outputs, class Batch>
  void on_train_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t batch_idx) {
    train_.line.done = batch_idx + 1;
    tick(run, train_);
  }
  void on_train_epoch_end(RunView& run) {
    finish(run, train_);
    if (options_.leave) {
      end_line();
    }
  }
  void on_train_end(RunView&) { end_line(); }

  // -- validation, test, prediction -------------------------------------------------------------

  void on_sanity_check_start(RunView& run) {
    const std::int64_t steps = run.options().num_sanity_val_steps.value_or(2);
    std::vector<BatchCount> counts = run.state().plan.num_val_batches;
    for (BatchCount& count : counts) {
      count = steps == -1 ? count : std::min(count, BatchCount(steps));
    }
    begin(eval_, "Sanity Checking", total_of(counts));
  }
  void on_validation_start(RunView& run) {
    if (!run.sanity_checking()) {
      begin(eval_, "Validation", evaluation_total(run));
    }
  }
  template <class Outputs, class Batch>
  void on_validation_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    ++eval_.line.done;
    tick(run, eval_);
  }
  void on_validation_end(RunView& run) {
    if (run.sanity_checking()) {
      clear_line();
      return;
    }
    train_.paused += clock_() - eval_.started;
    finish(run, eval_);
    if (run.fn() != RunFn::fit) {
      end_line();
    }
  }

  void on_test_start(RunView& run) { begin(eval_, "Testing", evaluation_total(run)); }
  template <class Outputs, class Batch>
  void on_test_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    ++eval_.line.done;
    tick(run, eval_);
  }
  void on_test_end(RunView& run) {
    finish(run, eval_);
    end_line();
  }

  void on_predict_start(RunView& run) { begin(eval_, "Predicting", evaluation_total(run)); }
  template <class Outputs, class Batch>
  void on_predict_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    ++eval_.line.done;
    tick(run, eval_);
  }
  void on_predict_end(RunView& run) {
    finish(run, eval_);
    end_line();
  }

 private:
  struct Bar {
    ProgressLine line;
    double started = 0.0;
    double paused = 0.0;  // by validation
  };

  static std::optional<std::int64_t> total_of(const std::vector<BatchCount>& counts) {
    std::int64_t sum = 0;
    for (const BatchCount count : counts) {
      if (count.is_infinite()) {
        return std::nullopt;
      }
      sum += count.value();
    }
    return counts.empty() ? std::nullopt : std::optional(sum);
  }

  static std::optional<std::int64_t> evaluation_total(const RunView& run) {
    if (!run.eval_batches.empty()) {
      return total_of(run.eval_batches);
    }
    return run.stage() == Stage::validate ? total_of(run.state().plan.num_val_batches)
                                          : std::nullopt;
  }

  // `v_num: 0`, from the folders of the loggers.
  static std::string version_text(const std::vector<LoggerPlace>& places) {
    constexpr std::string_view stem = "version_";
    std::vector<std::string> versions;
    for (const LoggerPlace& place : places) {
      const std::string& full = place.version;
      std::string version = full.starts_with(stem) ? full.substr(stem.size())
                            : full.size() > 4      ? full.substr(full.size() - 4)
                                                   : full;
      if (!version.empty() &&
          std::find(versions.begin(), versions.end(), version) == versions.end()) {
        versions.push_back(std::move(version));
      }
    }
    return versions.empty() ? std::string() : text("v_num: ", join(versions, "_"));
  }

  void begin_epoch(const RunView& run) {
    const std::int64_t epoch = run.current_epoch();
    const std::int64_t max_epochs = run.state().plan.max_epochs;
    begin(train_,
          max_epochs > 0 ? text("Epoch ", epoch, "/", max_epochs - 1) : text("Epoch ", epoch),
          total_of({run.state().plan.num_training_batches}));
  }

  void begin(Bar& bar, std::string description, std::optional<std::int64_t> total) {
    bar = {};
    bar.line.description = std::move(description);
    bar.line.total = total;
    bar.line.version = version_;
    bar.started = clock_();
  }

  void tick(RunView& run, Bar& bar) {
    if (!enabled_) {
      return;
    }
    const double now = clock_();
    if (!console_.is_terminal()) {
      // One early line, so that a log shows soon that the run is alive.
      if (first_line_due_ && !run.sanity_checking()) {
        first_line_due_ = false;
        write_plain(run, bar, now);
      }
      return;
    }
    if (now - last_drawn_ >= 1.0 / options_.refresh_rate || first_line_due_) {
      first_line_due_ = false;
      draw(run, bar, now);
    }
  }

  void finish(RunView& run, Bar& bar) {
    if (!enabled_) {
      return;
    }
    if (console_.is_terminal()) {
      draw(run, bar, clock_());
    } else if (bar.line.done > 0) {
      write_plain(run, bar, clock_());
    }
  }

  void write_plain(RunView& run, Bar& bar, double now) {
    bar.line.seconds = now - bar.started - bar.paused;
    console_.write(plain_progress_text(bar.line, run.progress_bar_metrics()) + "\n");
  }

  void draw(RunView& run, Bar& bar, double now) {
    last_drawn_ = now;
    bar.line.seconds = now - bar.started - bar.paused;
    const std::string line =
        progress_text(bar.line, run.progress_bar_metrics(), console_.unicode());
    // One column stays free: a full line would wrap, and could then not be redrawn.
    const auto columns = static_cast<std::size_t>(std::max(console_.width() - 1, 1));
    console_.write(text("\r", first_columns(line, columns), "\x1b[K"));
    open_line_ = true;
  }

  void clear_line() {
    if (std::exchange(open_line_, false)) {
      console_.write("\r\x1b[K");
    }
  }
  void end_line() {
    if (std::exchange(open_line_, false)) {
      console_.write("\n");
    }
  }

  Options options_;
  Console console_;
  Clock clock_;
  bool enabled_ = true;
  bool first_line_due_ = true;
  bool open_line_ = false;
  double last_drawn_ = 0.0;
  std::string version_;
  Bar train_;
  Bar eval_;
};

}  // namespace lt
