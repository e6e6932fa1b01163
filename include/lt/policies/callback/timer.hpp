// SPDX-License-Identifier: Apache-2.0
// Timer: measures training, validation and test, and ends a run whose time is up.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/clock.hpp"
#include "lt/core/duration_text.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/callback.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// When a Timer looks at the clock.
enum class TimerInterval : std::uint8_t { step, epoch };

constexpr std::string_view enum_name(TimerInterval interval) {
  return interval == TimerInterval::step ? "step" : "epoch";
}

/// Lightning's arguments of `Timer`. For the text form of a duration see `parse_duration`.
struct TimerOptions {
  std::optional<Duration> duration{};
  TimerInterval interval = TimerInterval::step;
  bool verbose = true;
};

/// Seconds spent in each stage.
struct StageTimes {
  double train = 0.0;
  double sanity_check = 0.0;
  double validate = 0.0;
  double test = 0.0;
  double predict = 0.0;
};

/// What a Timer keeps in checkpoints.
struct TimerState {
  StageTimes time_elapsed;
};

}  // namespace lt

LT_REFLECT(lt::TimerOptions, (duration, "end the run after this time in seconds"),
           (interval, "look at the clock after every step or every epoch"),
           (verbose, "say when the time is up"))
LT_REFLECT(lt::StageTimes, (train, "seconds"), (sanity_check, "seconds"), (validate, "seconds"),
           (test, "seconds"), (predict, "seconds"))
LT_REFLECT(lt::TimerState, (time_elapsed, "seconds in each stage"))

namespace lt {

/// Asks the run to end once training has taken `duration`, earlier runs of a resumed one included.
/// Units: seconds of a clock that never goes back. Ranks: rank zero decides.
/// Source: Lightning, callbacks/timer.py.
class Timer {
 public:
  using Options = TimerOptions;
  using State = TimerState;
  static constexpr std::string_view name = "Timer";

  Timer() = default;
  explicit Timer(Options options) : options_(std::move(options)) {}

  const Options& options() const { return options_; }
  std::optional<double> start_time(Stage stage = Stage::train) const { return times(stage).start; }
  std::optional<double> end_time(Stage stage = Stage::train) const { return times(stage).end; }
  double time_elapsed(Stage stage = Stage::train) const {
    const double before = stage == Stage::train ? offset_ : 0.0;
    const auto& [start, end] = times(stage);
    return start ? (end ? *end : clock_()) - *start + before : before;
  }
  /// Nothing without a duration.
  std::optional<double> time_remaining(Stage stage = Stage::train) const {
    return options_.duration ? std::optional(options_.duration->count() - time_elapsed(stage))
                             : std::nullopt;
  }

  void set_clock(Clock clock) { clock_ = clock; }

  // -- hooks ------------------------------------------------------------------------------------

  // After the state was read: the time may be up already.
  void on_fit_start(RunView& run) { check(run); }
  void on_train_start(RunView&) { times(Stage::train).start = clock_(); }
  void on_train_end(RunView&) { times(Stage::train).end = clock_(); }
  void on_validation_start(RunView&) { times(Stage::validate).start = clock_(); }
  void on_validation_end(RunView&) { times(Stage::validate).end = clock_(); }
  void on_test_start(RunView&) { times(Stage::test).start = clock_(); }
  void on_test_end(RunView&) { times(Stage::test).end = clock_(); }

  template <class Outputs, class Batch>
  void on_train_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    if (options_.interval == TimerInterval::step) {
      check(run);
    }
  }
  void on_train_epoch_end(RunView& run) {
    if (options_.interval == TimerInterval::epoch) {
      check(run);
    }
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const { return std::string(name); }

  State state_dict() const {
    return {{time_elapsed(Stage::train), time_elapsed(Stage::sanity_check),
             time_elapsed(Stage::validate), time_elapsed(Stage::test),
             time_elapsed(Stage::predict)}};
  }
  void load_state_dict(const State& state) { offset_ = state.time_elapsed.train; }

 private:
  struct Times {
    std::optional<double> start;
    std::optional<double> end;
  };

  Times& times(Stage stage) { return times_[static_cast<std::size_t>(stage)]; }
  const Times& times(Stage stage) const { return times_[static_cast<std::size_t>(stage)]; }

  void check(RunView& run) {
    if (!options_.duration ||
        !run.rank_zero_decides(time_elapsed() >= options_.duration->count())) {
      return;
    }
    run.stop();
    if (options_.verbose) {
      run.messages().info("I304", text("Time limit reached. Elapsed time is ",
                                       hours_text(time_elapsed()), ". Signaling Trainer to stop."));
    }
  }

  Options options_;
  Clock clock_;
  std::array<Times, 6> times_{};  // by Stage
  double offset_ = 0.0;           // training time of the runs before
};

}  // namespace lt
