// SPDX-License-Identifier: Apache-2.0
// The losses of a range test, smoothed, and the rule that ends it.
#pragma once

#include "lt/core/trainer_options.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace lt {

/// Smooths losses by an exponential average with bias correction, and says when they diverge: a
/// smoothed loss above `threshold` times the best one. Without a threshold nothing ends the test.
///
/// A loss that is not finite has diverged, too. Lightning goes on with it, ends at once where
/// losses are below zero, and compares with a best loss of 0 when the trainer has trained before,
/// so that its test ends at the first batch; with `Compat::lightning` so does this. Source:
/// Lightning, tuner/lr_finder.py, `_LRCallback`.
class LossWatch {
 public:
  explicit LossWatch(std::optional<double> threshold, Compat compat = Compat::lt)
      : threshold_(threshold), compat_(compat) {}

  /// Takes the loss after optimizer step `step`, counted from 1 (for Lightning's rule from the
  /// beginning of all training). True if the test should end.
  bool add(double loss, std::int64_t step) {
    average_ = beta * average_ + (1 - beta) * loss;
    const double smoothed = average_ / (1 - std::pow(beta, static_cast<double>(step + 1)));
    const bool first = compat_ == Compat::lt ? !best_ : step == 1;
    const bool diverged = threshold_ && ((!first && smoothed > limit()) ||
                                         (compat_ == Compat::lt && !std::isfinite(smoothed)));
    if (first || smoothed < best_.value_or(0.0)) {
      best_ = smoothed;
    }
    losses_.push_back(smoothed);
    return diverged;
  }

  /// The step gave no loss: a gap in the curve.
  void skip() { losses_.push_back(std::numeric_limits<double>::quiet_NaN()); }

  /// The smoothed losses so far, one for each step.
  const std::vector<double>& losses() const { return losses_; }

 private:
  static constexpr double beta = 0.98;

  // As far above a best loss below zero as above the same one over zero.
  double limit() const {
    const double best = best_.value_or(0.0);
    return compat_ == Compat::lightning || best >= 0 ? *threshold_ * best
                                                     : best - (*threshold_ - 1) * best;
  }

  std::optional<double> threshold_;
  Compat compat_;
  double average_ = 0.0;
  std::optional<double> best_;
  std::vector<double> losses_;
};

}  // namespace lt
