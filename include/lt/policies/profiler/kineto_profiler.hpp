// SPDX-License-Identifier: Apache-2.0
// KinetoProfiler: LibTorch's own profiler, operator by operator. Its headers are heavy: include
// lt/kineto.hpp.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/profiler.hpp"
#include "lt/policies/profiler/operator_table.hpp"
#include "lt/policies/profiler/report.hpp"

#include <ATen/record_function.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lt {

/// Arguments of Lightning's `PyTorchProfiler` and of `torch.profiler.schedule`. Counted in steps
/// (training_step, validation_step, ...): `skip_first`, then rounds of `wait`, `warmup` (the
/// profiler runs, its results are thrown away) and `active` ones; `repeat` = 0 is without end.
struct KinetoProfilerOptions {
  Text dirpath{};
  Text filename{};
  std::int64_t skip_first = 0;
  std::int64_t wait = 1;
  std::int64_t warmup = 1;
  std::int64_t active = 3;
  std::int64_t repeat = 1;
  bool record_shapes = false;
  bool profile_memory = false;
  bool with_flops = false;
  bool cuda = false;
  bool export_to_chrome = true;
  std::int64_t row_limit = 20;
};

}  // namespace lt

LT_REFLECT(lt::KinetoProfilerOptions,
           (dirpath, "folder of report and traces; default: that of the first logger"),
           (filename, "name of the report, without .txt; empty: it is a message"),
           (skip_first, "steps before the first round"),
           (wait, "steps of a round without profiling"),
           (warmup, "steps of a round whose results are thrown away"),
           (active, "steps of a round that are profiled"), (repeat, "rounds; 0: without end"),
           (record_shapes, "note the shapes of inputs"), (profile_memory, "note memory"),
           (with_flops, "estimate floating-point operations"), (cuda, "profile CUDA kernels, too"),
           (export_to_chrome, "write a trace for chrome://tracing or Perfetto after each round"),
           (row_limit, "operators in the table; -1: all"))

LT_CHECKS(lt::KinetoProfilerOptions,
          LT_CHECK(E366, skip_first, o.skip_first >= 0, "must be 0 or more"),
          LT_CHECK(E367, wait, o.wait >= 0, "must be 0 or more"),
          LT_CHECK(E368, warmup, o.warmup >= 0, "must be 0 or more"),
          LT_CHECK(E369, active, o.active >= 1, "must be 1 or more"),
          LT_CHECK(E370, repeat, o.repeat >= 0, "must be 0 or more"),
          LT_CHECK(E371, row_limit, o.row_limit >= -1, "must be -1 (all) or more"))

namespace lt {

/// Profiles the operators of the steps that the schedule names. Each action of the run is a range
/// `[pl][profile]<action>` in the trace `<stage>-<filename>-<round>.pt.trace.json`; the summary is
/// a table of the operators that took most time. One program can have one such profiler at work.
/// Source: Lightning, profilers/pytorch.py; torch/profiler/profiler.py.
class KinetoProfiler {
 public:
  using Options = KinetoProfilerOptions;
  using policy_family = profiler_tag;
  static constexpr std::string_view name = "KinetoProfiler";

  KinetoProfiler() : KinetoProfiler(Options{}) {}
  explicit KinetoProfiler(Options options)
      : options_(std::move(options)), report_(name, options_.dirpath, options_.filename) {
    validate(options_, name);
  }
  KinetoProfiler(KinetoProfiler&&) = default;
  ~KinetoProfiler() {
    if (recording_) {
      ranges_.clear();
      torch::autograd::profiler::disableProfiler();  // a run that ended by an exception
    }
  }

  void open(RunView& run) {
    report_.open(run);
    step_ = 0;
    round_ = 0;
    enter();
  }

  void start(std::string_view action) {
    auto range = std::make_unique<at::RecordFunction>(at::RecordScope::USER_SCOPE);
    if (recording_ && range->isActive()) {
      range->before(text("[pl][profile]", action));
    }
    ranges_.push_back(std::move(range));
  }
  void stop(std::string_view action) {
    if (ranges_.empty()) {
      throw ConfigError(text("lt[E372] KinetoProfiler: '", action,
                             "' was stopped, but no action runs; expected start before stop"));
    }
    ranges_.pop_back();
    if (is_step(action)) {
      leave();
      ++step_;
      enter();
    }
  }

  std::string summary() const {
    return report_.title() + "\n" + operators_.table(options_.row_limit);
  }

  /// Ends a round that is under way, and shows the table.
  void describe() {
    if (recording_) {
      finish_round();
    }
    report_.write(summary());
  }

 private:
  enum class Phase : std::uint8_t { none, warmup, active };

  static bool is_step(std::string_view action) {
    constexpr std::array steps{std::string_view(".training_step"),
                               std::string_view(".validation_step"), std::string_view(".test_step"),
                               std::string_view(".predict_step")};
    for (const std::string_view step : steps) {
      if (action.ends_with(step)) {
        return true;
      }
    }
    return false;
  }

  std::int64_t round_length() const { return options_.wait + options_.warmup + options_.active; }
  std::int64_t step_of_round() const { return (step_ - options_.skip_first) % round_length(); }
  Phase phase() const {
    const std::int64_t steps = step_ - options_.skip_first;
    if (steps < 0 || (options_.repeat > 0 && steps / round_length() >= options_.repeat)) {
      return Phase::none;
    }
    const std::int64_t at = step_of_round() - options_.wait;
    return at < 0 ? Phase::none : at < options_.warmup ? Phase::warmup : Phase::active;
  }

  // Before a step.
  void enter() {
    const Phase now = phase();
    if (now == Phase::none || recording_) {
      return;
    }
    if (now == Phase::active || step_of_round() == options_.wait) {
      enable();
    }
  }
  // After a step: what was recorded to warm up goes, the last active step ends the round.
  void leave() {
    if (!recording_) {
      return;
    }
    if (phase() == Phase::warmup && step_of_round() + 1 == options_.wait + options_.warmup) {
      disable();
    } else if (phase() == Phase::active && step_of_round() + 1 == round_length()) {
      finish_round();
    }
  }

  void enable() {
    using torch::profiler::impl::ActivityType;
    std::set<ActivityType> activities{ActivityType::CPU};
    if (options_.cuda) {
      activities.insert(ActivityType::CUDA);
    }
    const torch::profiler::impl::ProfilerConfig config(
        torch::profiler::impl::ProfilerState::KINETO, options_.record_shapes,
        options_.profile_memory, /*with_stack=*/false, options_.with_flops);
    torch::autograd::profiler::prepareProfiler(config, activities);
    torch::autograd::profiler::enableProfiler(
        config, activities,
        std::unordered_set<at::RecordScope>{at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE,
                                            at::RecordScope::BACKWARD_FUNCTION});
    recording_ = true;
  }
  std::unique_ptr<torch::autograd::profiler::ProfilerResult> disable() {
    recording_ = false;
    return torch::autograd::profiler::disableProfiler();
  }

  void finish_round() {
    const auto result = disable();
    for (const auto& event : result->events()) {
      operators_.add(event.name(), event.startThreadId(), event.startNs(), event.endNs());
    }
    operators_.end_round();
    if (options_.export_to_chrome) {
      const std::filesystem::path path = report_.path(text(round_), ".pt.trace.json");
      std::error_code none;
      std::filesystem::create_directories(path.parent_path(), none);
      result->save(path.string());
      if (!std::filesystem::exists(path)) {
        throw Error(text("lt[E373] KinetoProfiler: cannot write '", path.string(),
                         "'; expected a dirpath that can be written and a disk with room"));
      }
    }
    ++round_;
  }

  Options options_;
  detail::Report report_;
  detail::OperatorTable operators_;
  std::vector<std::unique_ptr<at::RecordFunction>> ranges_;
  std::int64_t step_ = 0;
  std::int64_t round_ = 0;
  bool recording_ = false;
};

}  // namespace lt
