// SPDX-License-Identifier: Apache-2.0
// LearningRateFinder: a callback that finds a learning rate before a fit begins.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/tuner/lr_find.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace lt {

/// Runs the range test at the start of each fit and trains with the rate that it suggests. The
/// attribute is that of `Tuner::lr_find`; without one, `update_attr = false` must be said.
/// Errors: lt::ConfigError as there. Source: Lightning, callbacks/lr_finder.py.
class LearningRateFinder {
 public:
  using Options = LrFindOptions;
  static constexpr std::string_view name = "LearningRateFinder";
  static constexpr CallbackOrder order = CallbackOrder::tuner;

  LearningRateFinder() = default;
  explicit LearningRateFinder(Options options) : options_(std::move(options)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  /// What the test of the last fit found; none before.
  const std::optional<LrFindResult>& optimal_lr() const { return optimal_lr_; }

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    optimal_lr_ = find_and_set_rate(ctx.engine(), options_);
  }

 private:
  Options options_;
  std::optional<LrFindResult> optimal_lr_;
};

}  // namespace lt
