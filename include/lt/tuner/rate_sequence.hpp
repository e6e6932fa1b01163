// SPDX-License-Identifier: Apache-2.0
// The learning rates that a range test tries, one for each optimizer step.
#pragma once

#include "lt/core/trainer_options.hpp"

#include <cmath>
#include <cstdint>
#include <string_view>

namespace lt {

/// How the learning rate grows from `min_lr` to `max_lr`.
enum class LrMode : std::uint8_t { exponential, linear };

constexpr std::string_view enum_name(LrMode mode) {
  return mode == LrMode::exponential ? "exponential" : "linear";
}

/// `count` rates from `min` to `max`, evenly spaced on a logarithmic or a linear scale. Lightning's
/// second rate jumps to where the third belongs (its fractions are 0, 2/n, 3/n, ..., 1), which
/// `Compat::lightning` repeats.
/// Source: Lightning, tuner/lr_finder.py, `_ExponentialLR` and `_LinearLR`.
class RateSequence {
 public:
  RateSequence(double min, double max, std::int64_t count, LrMode mode, Compat compat = Compat::lt)
      : min_(min), max_(max), count_(count), mode_(mode), compat_(compat) {}

  std::int64_t size() const { return count_; }

  /// The rate of step `k`, counted from 0.
  double operator[](std::int64_t k) const {
    if (k == 0) {
      return min_;
    }
    const bool jump = compat_ == Compat::lightning;
    const double part = jump ? static_cast<double>(k + 1) / static_cast<double>(count_)
                             : static_cast<double>(k) / static_cast<double>(count_ - 1);
    return mode_ == LrMode::linear ? min_ + part * (max_ - min_)
                                   : min_ * std::pow(max_ / min_, part);
  }

 private:
  double min_;
  double max_;
  std::int64_t count_;
  LrMode mode_;
  Compat compat_;
};

}  // namespace lt
