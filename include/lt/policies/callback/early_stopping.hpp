// SPDX-License-Identifier: Apache-2.0
// EarlyStopping: ends a run whose monitored metric no longer improves.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/score.hpp"
#include "lt/policies/callback.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// Why EarlyStopping ended the run. The numbers are Lightning's; they are saved.
enum class EarlyStoppingReason : std::uint8_t {
  not_stopped = 0,
  stopping_threshold = 1,
  divergence_threshold = 2,
  patience_exhausted = 3,
  non_finite_metric = 4
};

constexpr std::string_view enum_name(EarlyStoppingReason reason) {
  constexpr std::string_view names[] = {"NOT_STOPPED", "STOPPING_THRESHOLD", "DIVERGENCE_THRESHOLD",
                                        "PATIENCE_EXHAUSTED", "NON_FINITE_METRIC"};
  return names[static_cast<std::size_t>(reason)];
}

/// Lightning's arguments of `EarlyStopping`.
struct EarlyStoppingOptions {
  Text monitor{};
  double min_delta = 0.0;
  std::int64_t patience = 3;
  bool verbose = false;
  Mode mode = Mode::min;
  bool strict = true;
  bool check_finite = true;
  std::optional<double> stopping_threshold{};
  std::optional<double> divergence_threshold{};
  std::optional<bool> check_on_train_epoch_end{};
  bool log_rank_zero_only = false;
};

/// What an EarlyStopping keeps in checkpoints.
struct EarlyStoppingState {
  std::int64_t wait_count = 0;
  std::int64_t stopped_epoch = 0;
  Score best_score;
  std::int64_t patience = 0;
  std::int64_t stopping_reason = 0;
  std::optional<std::string> stopping_reason_message;
};

}  // namespace lt

LT_REFLECT(lt::EarlyStoppingOptions, (monitor, "metric to watch"),
           (min_delta, "an improvement must be more than this"),
           (patience, "checks without improvement after which the run ends"),
           (verbose, "say when the metric improves and why the run ends"),
           (mode, "whether a small (min) or a large (max) metric is better"),
           (strict, "a missing metric is an error"),
           (check_finite, "end the run when the metric is NaN or infinite"),
           (stopping_threshold, "end the run once the metric is better than this"),
           (divergence_threshold, "end the run once the metric is worse than this"),
           (check_on_train_epoch_end, "check at the end of the training epoch, not of validation"),
           (log_rank_zero_only, "only rank zero says something"))

LT_CHECKS(lt::EarlyStoppingOptions,
          LT_CHECK(E320, monitor, !o.monitor.empty(), "must name a logged metric"))

LT_REFLECT(lt::EarlyStoppingState, (wait_count, "checks without improvement"),
           (stopped_epoch, "epoch of the decision"), (best_score, "best value"),
           (patience, "checks allowed"), (stopping_reason, "EarlyStoppingReason"),
           (stopping_reason_message, "in words"))

namespace lt {

/// Watches one metric and asks the run to end when it is not finite, has reached a threshold, or
/// has not improved for `patience` checks. Checked at the end of every training epoch where
/// validation runs once per epoch, else after each validation. Ranks: one that wants to end ends
/// all.
///
/// Errors: lt::ConfigError when the metric is missing and `strict` is set.
/// Source: Lightning, callbacks/early_stopping.py.
class EarlyStopping {
 public:
  using Options = EarlyStoppingOptions;
  using State = EarlyStoppingState;
  static constexpr std::string_view name = "EarlyStopping";
  static constexpr CallbackOrder order = CallbackOrder::monitor;

  explicit EarlyStopping(Options options) : options_(std::move(options)) {
    validate(options_, name);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    best_score_.value = options_.mode == Mode::min ? infinity : -infinity;
  }

  const Options& options() const { return options_; }
  std::int64_t wait_count() const { return wait_count_; }
  /// The epoch in which the run was told to stop; 0 if it was not.
  std::int64_t stopped_epoch() const { return stopped_epoch_; }
  double best_score() const { return best_score_.value; }
  std::int64_t patience() const { return options_.patience; }
  EarlyStoppingReason stopping_reason() const { return stopping_reason_; }
  const std::optional<std::string>& stopping_reason_message() const { return message_; }

  // -- hooks ------------------------------------------------------------------------------------

  void setup(RunView& run, RunFn) {
    if (!options_.check_on_train_epoch_end) {
      const Interval interval = run.options().val_check_interval;
      options_.check_on_train_epoch_end = !interval.is_time() &&
                                          interval.batches().fraction() == 1.0 &&
                                          run.options().check_val_every_n_epoch == 1;
    }
  }

  void on_train_epoch_end(RunView& run) {
    if (options_.check_on_train_epoch_end.value_or(false)) {
      check(run);
    }
  }

  void on_validation_end(RunView& run) {
    if (!options_.check_on_train_epoch_end.value_or(false)) {
      check(run);
    }
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const {
    return text(name, "{'monitor': ", python_repr(options_.monitor.view()),
                ", 'mode': ", python_repr(enum_name(options_.mode)), "}");
  }

  State state_dict() const {
    return {wait_count_,
            stopped_epoch_,
            best_score_,
            options_.patience,
            static_cast<std::int64_t>(stopping_reason_),
            message_};
  }

  /// The saved patience replaces the one of the options, as in Lightning.
  void load_state_dict(const State& state) {
    wait_count_ = state.wait_count;
    stopped_epoch_ = state.stopped_epoch;
    best_score_ = state.best_score;
    options_.patience = state.patience;
    stopping_reason_ = static_cast<EarlyStoppingReason>(state.stopping_reason);
    message_ = state.stopping_reason_message;
  }

 private:
  struct Decision {
    bool stop = false;
    std::string message;  // empty: nothing to say
  };

  void check(RunView& run) {
    if (run.fn() != RunFn::fit || run.sanity_checking() || run.fast_dev_run()) {
      return;
    }
    const MetricTable& metrics = run.callback_metrics();
    const std::optional<double> current = metrics.find(options_.monitor);
    if (!current) {
      report_missing(run, metrics);
      return;
    }
    Decision decision = decide(run, *current);
    if (run.any_wants(decision.stop)) {
      run.stop();
      stopped_epoch_ = run.current_epoch();
      message_ = decision.message.empty() ? std::nullopt : std::optional(decision.message);
    }
    if (options_.verbose && !decision.message.empty()) {
      const std::string rank = run.world_size > 1 ? text("[rank: ", run.global_rank, "] ") : "";
      run.messages().info("I303", rank + decision.message);
    }
  }

  void report_missing(RunView& run, const MetricTable& metrics) const {
    const std::string message =
        text("EarlyStopping: monitor = '", options_.monitor, "' is not among the logged metrics; ",
             "found ", metrics.names(), "; expected one of these, or log(\"", options_.monitor,
             "\", value) in the model");
    if (options_.strict) {
      throw ConfigError("lt[E301] " + message);
    }
    if (options_.verbose) {
      run.messages().warn("W305", message);
    }
  }

  bool is_better(double a, double b) const { return better(options_.mode, a, b); }

  // Arithmetic and comparisons are those of float tensors.
  Decision decide(const RunView& run, double current) {
    const std::string_view sign = options_.mode == Mode::min ? " < " : " > ";
    const auto reached = [&](std::string_view which, double threshold) {
      return text(which, " threshold reached: ", options_.monitor, " = ", python_repr(current),
                  sign, python_repr(threshold), ". Signaling Trainer to stop.");
    };
    if (options_.check_finite && !std::isfinite(current)) {
      stopping_reason_ = EarlyStoppingReason::non_finite_metric;
      return {true, text("Monitored metric ", options_.monitor, " = ", python_repr(current),
                         " is not finite. Previous best value was ", three(best_score_.value),
                         ". Signaling Trainer to stop.")};
    }
    if (options_.stopping_threshold &&
        is_better(current, run.round(*options_.stopping_threshold))) {
      stopping_reason_ = EarlyStoppingReason::stopping_threshold;
      return {true, reached("Stopping", *options_.stopping_threshold)};
    }
    if (options_.divergence_threshold &&
        is_better(-current, -run.round(*options_.divergence_threshold))) {
      stopping_reason_ = EarlyStoppingReason::divergence_threshold;
      return {true, reached("Divergence", *options_.divergence_threshold)};
    }
    const double min_delta = options_.mode == Mode::min ? -options_.min_delta : options_.min_delta;
    if (is_better(run.round(current - run.round(min_delta)), best_score_.value)) {
      std::string message = improvement(run, current);
      best_score_ = {current, run.metrics_in_double};
      wait_count_ = 0;
      return {false, std::move(message)};
    }
    ++wait_count_;
    if (wait_count_ < options_.patience) {
      return {};
    }
    stopping_reason_ = EarlyStoppingReason::patience_exhausted;
    return {true, text("Monitored metric ", options_.monitor, " did not improve in the last ",
                       wait_count_, " records. Best score: ", three(best_score_.value),
                       ". Signaling Trainer to stop.")};
  }

  std::string improvement(const RunView& run, double current) const {
    if (!std::isfinite(best_score_.value)) {
      return text("Metric ", options_.monitor, " improved. New best score: ", three(current));
    }
    return text("Metric ", options_.monitor, " improved by ",
                three(std::fabs(run.round(best_score_.value - current))),
                " >= min_delta = ", python_repr(std::fabs(options_.min_delta)),
                ". New best score: ", three(current));
  }

  static std::string three(double value) { return python_format(value, ".3f"); }

  Options options_;
  std::int64_t wait_count_ = 0;
  std::int64_t stopped_epoch_ = 0;
  Score best_score_;
  EarlyStoppingReason stopping_reason_ = EarlyStoppingReason::not_stopped;
  std::optional<std::string> message_;
};

}  // namespace lt
