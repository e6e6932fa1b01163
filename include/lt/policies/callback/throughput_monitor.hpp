// SPDX-License-Identifier: Apache-2.0
// ThroughputMonitor: logs batches, samples, items and floating-point operations per second.
#pragma once

#include "lt/core/clock.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/core/throughput.hpp"
#include "lt/core/type_name.hpp"
#include "lt/data/batch_size.hpp"
#include "lt/loops/optimization.hpp"
#include "lt/policies/callback.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lt {

/// The number of samples in a batch: the first dimension of its first tensor.
struct FirstDimension {
  /// Errors: lt::DataError for a batch without a tensor.
  template <class Batch>
  std::int64_t operator()(const Batch& batch) const {
    const auto size = batch_size_of(batch).size;
    if (!size) {
      throw DataError(text("lt[E638] ThroughputMonitor: found no tensor in a ", type_name<Batch>(),
                           "; expected one, or a batch_size_fn that counts the samples"));
    }
    return *size;
  }
};

/// Stands for no `length_fn`: items are not counted.
struct NoLength {};

/// Measures the run by a Throughput for each stage and writes its figures, with the stage before
/// them
/// (`train/device/samples_per_sec`), at the steps that are logged. `batch_size_fn(batch)` counts
/// the samples of a batch, `length_fn(batch)` their items (tokens, say). A model with a member
/// `flops_per_batch` (a number, or a function without arguments) gets figures of its floating-point
/// operations, and with `available_flops` the part of the device that is used (`mfu`).
///
///   lt::ThroughputMonitor monitor{{.window_size = 10}};
///   lt::ThroughputMonitor tokens{{}, lt::FirstDimension{}, [](const Batch& b) { return b.tokens();
///   }};
///
/// Time of validation inside fit does not count as time of training. Only rank zero measures.
/// Errors: lt::Error when `batch_size_fn` or `length_fn` give less than one per batch or sample.
/// Source: Lightning, callbacks/throughput_monitor.py.
template <class BatchSizeFn = FirstDimension, class LengthFn = NoLength>
class ThroughputMonitor {
 public:
  using Options = ThroughputOptions;
  static constexpr std::string_view name = "ThroughputMonitor";

  explicit ThroughputMonitor(Options options = {}, BatchSizeFn batch_size_fn = {},
                             LengthFn length_fn = {})
      : options_(std::move(options)),
        batch_size_fn_(std::move(batch_size_fn)),
        length_fn_(std::move(length_fn)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  void set_clock(Clock clock) { clock_ = clock; }

  // -- hooks ------------------------------------------------------------------------------------

  void setup(RunView& run, RunFn stage) {
    for (auto& window : windows_) {
      window.throughput = Throughput(options_, run.world_size);
      window.begun = window.begun && stage != RunFn::fit;
    }
  }

  void on_train_start(RunView& run) { start(run); }
  template <class Ctx, class Outputs, class Batch>
  void on_train_batch_end(Ctx& ctx, const Outputs&, const Batch& batch, std::int64_t) {
    RunView& run = ctx;
    update(ctx, batch);
    // The time of the optimizer's step belongs to the batches before it.
    if (!should_accumulate(run.state())) {
      compute(run, run.state().fit.batches_that_stepped);
    }
  }

  void on_validation_start(RunView& run) { start(run); }
  template <class Ctx, class Outputs, class Batch>
  void on_validation_batch_end(Ctx& ctx, const Outputs&, const Batch& batch, std::int64_t) {
    const RunState& state = static_cast<const RunView&>(ctx).state();
    measure(ctx, batch, state.fn == RunFn::fit ? state.fit.val_batches : state.validate_batches);
  }
  void on_validation_end(RunView& run) {
    if (run.fn() != RunFn::fit || !measures(run)) {
      return;
    }
    Window& train = windows_[static_cast<std::size_t>(Stage::train)];
    const Window& validation = windows_[static_cast<std::size_t>(Stage::validate)];
    const double trained_until = train.began + train.throughput.time();
    train.began += validation.began - trained_until + validation.throughput.time();
  }

  void on_test_start(RunView& run) { start(run); }
  template <class Ctx, class Outputs, class Batch>
  void on_test_batch_end(Ctx& ctx, const Outputs&, const Batch& batch, std::int64_t) {
    measure(ctx, batch, static_cast<const RunView&>(ctx).state().test_batches);
  }

  void on_predict_start(RunView& run) { start(run); }
  template <class Ctx, class Outputs, class Batch>
  void on_predict_batch_end(Ctx& ctx, const Outputs&, const Batch& batch, std::int64_t) {
    measure(ctx, batch, static_cast<const RunView&>(ctx).state().predict_batches);
  }

 private:
  struct Window {
    Throughput throughput;
    double began = 0.0;
    std::int64_t batches = 0;
    std::int64_t samples = 0;
    std::int64_t lengths = 0;
    bool begun = false;
  };

  static bool measures(const RunView& run) {
    return run.is_global_zero() && !run.sanity_checking();
  }
  Window& window(const RunView& run) { return windows_[static_cast<std::size_t>(run.stage())]; }

  void start(RunView& run) {
    if (!measures(run)) {
      return;
    }
    Window& now = window(run);
    if (run.fn() == RunFn::fit || !now.begun) {
      now.throughput.reset();
      now.batches = now.samples = now.lengths = 0;
      now.begun = true;
    }
    now.began = clock_();
  }

  template <class Ctx, class Batch>
  void update(Ctx& ctx, const Batch& batch) {
    RunView& run = ctx;
    if (!measures(run)) {
      return;
    }
    if constexpr (requires { ctx.fabric().accelerator().synchronize(); }) {
      ctx.fabric().accelerator().synchronize();  // or the clock would be ahead of the device
    }
    Window& now = window(run);
    Throughput::Totals totals;
    totals.time = clock_() - now.began;
    if constexpr (!std::same_as<LengthFn, NoLength>) {
      totals.lengths = now.lengths += static_cast<std::int64_t>(length_fn_(batch));
    }
    totals.samples = now.samples += static_cast<std::int64_t>(batch_size_fn_(batch));
    totals.batches = ++now.batches;
    totals.flops = flops_of(ctx);
    now.throughput.update(totals);
  }

  void compute(RunView& run, std::int64_t step) {
    if (!measures(run) || !run.should_update_logs()) {
      return;
    }
    MetricTable record;
    for (const auto& [figure, value] : window(run).throughput.compute()) {
      record.set(text(enum_name(run.stage()), std::string_view(options_.separator), figure), value);
    }
    run.log_metrics(record, step);
  }

  template <class Ctx, class Batch>
  void measure(Ctx& ctx, const Batch& batch, const BatchProgress& progress) {
    update(ctx, batch);
    compute(ctx, progress.total.ready);
  }

  template <class Ctx>
  std::optional<double> flops_of(Ctx& ctx) {
    if constexpr (requires { static_cast<double>(ctx.model().flops_per_batch); }) {
      return static_cast<double>(ctx.model().flops_per_batch);
    } else if constexpr (requires { static_cast<double>(ctx.model().flops_per_batch()); }) {
      return static_cast<double>(ctx.model().flops_per_batch());
    } else {
      if (!std::exchange(said_no_flops_, true)) {
        static_cast<RunView&>(ctx).messages().warn(
            "W630",
            "ThroughputMonitor: the model has no flops_per_batch, so no figures of its "
            "floating-point operations are logged");
      }
      return std::nullopt;
    }
  }

  Options options_;
  BatchSizeFn batch_size_fn_;
  LengthFn length_fn_;
  Clock clock_;
  std::array<Window, 6> windows_{};  // by Stage
  bool said_no_flops_ = false;
};

}  // namespace lt
