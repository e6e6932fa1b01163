// SPDX-License-Identifier: Apache-2.0
// GradientAccumulationScheduler: another number of batches per optimizer step from some epoch on.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/callback.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// From epoch `epoch` on, an optimizer step is made every `factor` batches.
struct AccumulationFactor {
  std::int64_t epoch = 0;
  std::int64_t factor = 1;

  void append_to(std::string& out) const {
    append(out, epoch);
    out += ": ";
    append(out, factor);
  }
};

/// Lightning's argument of `GradientAccumulationScheduler`, in any order. The factor is 1 in epochs
/// before the first.
struct GradientAccumulationSchedulerOptions {
  std::vector<AccumulationFactor> scheduling{};
};

namespace detail {
constexpr bool all_factors(const std::vector<AccumulationFactor>& scheduling, auto&& holds) {
  return std::all_of(scheduling.begin(), scheduling.end(), holds);
}
constexpr bool each_epoch_once(const std::vector<AccumulationFactor>& scheduling) {
  return all_factors(scheduling, [&](const AccumulationFactor& entry) {
    return std::count_if(scheduling.begin(), scheduling.end(), [&](const AccumulationFactor& other) {
             return other.epoch == entry.epoch;
           }) == 1;
  });
}
}  // namespace detail

}  // namespace lt

LT_REFLECT(lt::AccumulationFactor, (epoch, "first epoch, counted from 0"),
           (factor, "batches per optimizer step"))
LT_REFLECT(lt::GradientAccumulationSchedulerOptions,
           (scheduling, "pairs {epoch, batches per optimizer step}"))

LT_CHECKS(lt::GradientAccumulationSchedulerOptions,
          LT_CHECK(E333, scheduling, !o.scheduling.empty(), "must have at least one entry"),
          LT_CHECK(E334, scheduling,
                   lt::detail::all_factors(o.scheduling, [](auto& e) { return e.epoch >= 0; }),
                   "must have epochs that are 0 or more"),
          LT_CHECK(E335, scheduling,
                   lt::detail::all_factors(o.scheduling, [](auto& e) { return e.factor >= 1; }),
                   "must have factors that are 1 or more"),
          LT_CHECK(E336, scheduling, lt::detail::each_epoch_once(o.scheduling),
                   "must not have two entries for one epoch"))

namespace lt {

/// Changes the accumulation window at the start of epochs.
///
/// Errors: lt::ConfigError when training starts under manual optimization, or with
/// `accumulate_grad_batches` set too.
/// Source: Lightning, callbacks/gradient_accumulation_scheduler.py.
class GradientAccumulationScheduler {
 public:
  using Options = GradientAccumulationSchedulerOptions;
  static constexpr std::string_view name = "GradientAccumulationScheduler";

  explicit GradientAccumulationScheduler(Options options) : options_(std::move(options)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  bool going_to_accumulate_grad_batches() const {
    return !detail::all_factors(options_.scheduling, [](auto& entry) { return entry.factor == 1; });
  }
  /// Batches per optimizer step in that epoch.
  std::int64_t get_accumulate_grad_batches(std::int64_t epoch) const {
    AccumulationFactor latest{-1, 1};
    for (const AccumulationFactor& entry : options_.scheduling) {
      if (entry.epoch <= epoch && entry.epoch > latest.epoch) {
        latest = entry;
      }
    }
    return latest.factor;
  }

  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void on_train_start(Ctx& ctx) {
    RunView& run = ctx;
    if (!run.state().automatic_optimization) {
      throw ConfigError(
          "lt[E337] GradientAccumulationScheduler: the model optimizes by hand; expected automatic "
          "optimization, or no scheduler: accumulate in training_step");
    }
    if constexpr (requires { ctx.model(); }) {
      if (going_to_accumulate_grad_batches() &&
          (has_hook<hook::optimizer_step>(ctx.model()) ||
           has_hook<hook::optimizer_zero_grad>(ctx.model()))) {
        run.messages().warn("W331",
                            "GradientAccumulationScheduler: the model's optimizer_step and "
                            "optimizer_zero_grad are called once per optimizer step, not per batch");
      }
    }
    if (run.options().accumulate_grad_batches != 1) {
      throw ConfigError(text("lt[E338] GradientAccumulationScheduler: accumulate_grad_batches = ",
                             run.options().accumulate_grad_batches,
                             " is set too; expected one of them only"));
    }
  }

  void on_train_epoch_start(RunView& run) {
    run.state().plan.accumulate_grad_batches = get_accumulate_grad_batches(run.current_epoch());
  }

 private:
  Options options_;
};

}  // namespace lt
