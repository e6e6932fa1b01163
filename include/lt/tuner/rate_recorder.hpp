// SPDX-License-Identifier: Apache-2.0
// What a range test does at each batch. Source: Lightning, tuner/lr_finder.py, `_LRCallback`.
#pragma once

#include "lt/core/run_state.hpp"
#include "lt/loops/optimization.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/trainer/optimizer_set.hpp"
#include "lt/tuner/loss_watch.hpp"
#include "lt/tuner/lr_find_options.hpp"
#include "lt/tuner/lr_find_result.hpp"
#include "lt/tuner/rate_sequence.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lt {

/// Sets the rate before each batch and notes the loss after each optimizer step.
class RateRecorder {
 public:
  RateRecorder(const LrFindOptions& options, Compat compat)
      : rates_(options.min_lr, options.max_lr, options.num_training, options.mode, compat),
        watch_(options.early_stop_threshold, compat),
        compat_(compat) {}

  template <class Engine>
  void before_batch(Engine& engine) {
    const double rate = rates_[steps_];
    engine.for_each_optimizer([&](std::size_t, auto& optimizer) {
      for (std::size_t i = 0; i < group_count(optimizer); ++i) {
        optim::GroupRates group = rates(optimizer, i);
        group.lr = rate;
        set_rates(optimizer, i, group);
      }
    });
    steps_now_ = !should_accumulate(engine.state());
    if (is_noted(engine.state())) {
      lr_.push_back(rate);
    }
  }

  template <class Engine>
  void after_batch(Engine& engine) {
    steps_ += steps_now_ ? 1 : 0;
    if (!is_noted(engine.state())) {
      return;
    }
    if (!engine.output().has_loss()) {
      watch_.skip();
      return;
    }
    // Ranks see different batches: all decide by the mean, Lightning by the first one's.
    const double own = scalar_of(engine.output().loss(), "loss").value;
    const auto losses = engine.context().exchange({own});
    double mean = 0.0;
    for (const auto& loss : losses) {
      mean += loss[0] / static_cast<double>(losses.size());
    }
    const bool lightning = compat_ == Compat::lightning;
    if (watch_.add(lightning ? losses[0][0] : mean,
                   lightning ? engine.state().global_step() : steps_)) {
      engine.state().should_stop = true;
    }
  }

  LrFindCurve curve() const { return {lr_, watch_.losses()}; }

 private:
  // Lightning leaves the last, shorter window of accumulated gradients out.
  bool is_noted(const RunState& state) const {
    return steps_now_ &&
           (compat_ == Compat::lt ||
            state.fit.batches.current.ready % state.plan.accumulate_grad_batches == 0);
  }

  RateSequence rates_;
  LossWatch watch_;
  Compat compat_;
  std::int64_t steps_ = 0;
  bool steps_now_ = false;
  std::vector<double> lr_;
};

}  // namespace lt
