// SPDX-License-Identifier: Apache-2.0
// DeviceStatsMonitor: logs how busy the device is, around training, validation and test batches.
#pragma once

#include "lt/core/cpu_stats.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/callback.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's argument of `DeviceStatsMonitor`.
struct DeviceStatsMonitorOptions {
  std::optional<bool> cpu_stats{};
};

}  // namespace lt

LT_REFLECT(lt::DeviceStatsMonitorOptions,
           (cpu_stats, "log the host's figures: always or never; unset: if it is the device"))

namespace lt {

/// Writes `DeviceStatsMonitor.<hook>/<figure>` to the loggers at each step that is logged. Of the
/// host: `cpu_percent`, `cpu_vm_percent`, `cpu_swap_percent` (in percent, of the whole machine). Of
/// another device: what its accelerator's `device_stats()` gives, if it has that.
///
/// Errors: lt::ConfigError at setup of fit without a logger, or where the host has no /proc and its
/// figures are wanted.
/// Source: Lightning, callbacks/device_stats_monitor.py, accelerators/cpu.py.
class DeviceStatsMonitor {
 public:
  using Options = DeviceStatsMonitorOptions;
  static constexpr std::string_view name = "DeviceStatsMonitor";

  DeviceStatsMonitor() = default;
  explicit DeviceStatsMonitor(Options options, CpuStats stats = CpuStats())
      : options_(options), cpu_(std::move(stats)) {}

  const Options& options() const { return options_; }

  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void setup(Ctx& ctx, RunFn stage) {
    if (stage != RunFn::fit) {
      return;
    }
    RunView& run = ctx;
    if (run.logger_places().empty()) {
      throw ConfigError("lt[E636] DeviceStatsMonitor: the trainer has no logger; expected one");
    }
    if (options_.cpu_stats.value_or(on_host(ctx)) && !cpu_.available()) {
      throw ConfigError(
          "lt[E637] DeviceStatsMonitor: the system has no /proc/stat, so there are no "
          "figures of the host; expected Linux, or cpu_stats = false");
    }
  }

  template <class Ctx, class Batch>
  void on_train_batch_start(Ctx& ctx, const Batch&, std::int64_t) {
    log(ctx, "on_train_batch_start");
  }
  template <class Ctx, class Outputs, class Batch>
  void on_train_batch_end(Ctx& ctx, const Outputs&, const Batch&, std::int64_t) {
    log(ctx, "on_train_batch_end");
  }
  template <class Ctx, class Batch>
  void on_validation_batch_start(Ctx& ctx, const Batch&, std::int64_t) {
    log(ctx, "on_validation_batch_start");
  }
  template <class Ctx, class Outputs, class Batch>
  void on_validation_batch_end(Ctx& ctx, const Outputs&, const Batch&, std::int64_t) {
    log(ctx, "on_validation_batch_end");
  }
  template <class Ctx, class Batch>
  void on_test_batch_start(Ctx& ctx, const Batch&, std::int64_t) {
    log(ctx, "on_test_batch_start");
  }
  template <class Ctx, class Outputs, class Batch>
  void on_test_batch_end(Ctx& ctx, const Outputs&, const Batch&, std::int64_t) {
    log(ctx, "on_test_batch_end");
  }

 private:
  template <class Ctx>
  static bool on_host(Ctx& ctx) {
    if constexpr (requires { ctx.device().is_cpu(); }) {
      return ctx.device().is_cpu();
    } else {
      return true;
    }
  }

  template <class Ctx>
  void log(Ctx& ctx, std::string_view hook) {
    RunView& run = ctx;
    if (!run.should_update_logs()) {
      return;
    }
    MetricTable stats;
    if constexpr (requires { ctx.fabric().accelerator().device_stats(); }) {
      stats = ctx.fabric().accelerator().device_stats();
    }
    if (options_.cpu_stats.value_or(on_host(ctx))) {
      stats.update(cpu_.read());
    }
    if (stats.empty()) {
      return;
    }
    MetricTable record;
    for (const auto& [figure, value] : stats) {
      record.set(text(name, ".", hook, "/", figure), value);
    }
    run.log_metrics(record, run.state().fit.batches_that_stepped);
  }

  Options options_;
  CpuStats cpu_;
};

}  // namespace lt
