// SPDX-License-Identifier: Apache-2.0
// What a model needs of `lt` beside its own hooks: `log`, and the handle to the run. No torch::nn
// here; `lt::nn::Module` (lt/nn.hpp) joins this with torch::nn::Module.
#pragma once

#include "lt/core/run_view.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/metrics/recorded_log.hpp"
#include "lt/tensor.hpp"

#include <cmath>
#include <concepts>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace lt {

/// Mixin of models. It declares no hook, so a model has only the hooks that it writes itself.
class Module {
 public:
  /// Logs a metric under the rules of the hook that runs now.
  void log(std::string_view name, const Tensor& value, const LogOptions& options = {}) const {
    if (store_ != nullptr) {
      log_value(*store_, name, value, options);
    }
  }
  void log(std::string_view name, double value, const LogOptions& options = {}) const {
    if (store_ != nullptr) {
      log_value(*store_, name, value, options);
    }
  }
  /// Logs several metrics with the same options.
  template <class V = double>
  void log_dict(std::initializer_list<std::pair<std::string_view, V>> metrics,
                const LogOptions& options = {}) const {
    for (const auto& [name, value] : metrics) {
      log(name, value, options);
    }
  }

  // As a member `log` hides the logarithms of std and torch: they are reached through it, too.
  static double log(double value) { return std::log(value); }
  static Tensor log(const Tensor& tensor) { return tensor.log(); }

  /// The run that the model takes part in. Errors: lt::ConfigError outside of a run.
  RunView& run() const {
    if (run_ == nullptr) {
      throw ConfigError(
          "lt[E171] the model is not in a run: fit, validate, test or predict it first");
    }
    return *run_;
  }
  /// True while a trainer works with the model.
  bool in_run() const { return run_ != nullptr; }
  std::int64_t current_epoch() const { return run_ ? run_->current_epoch() : 0; }
  std::int64_t global_step() const { return run_ ? run_->global_step() : 0; }

  /// Called by the trainer at the start of a run, and with null pointers by its destructor.
  void attach_run(MetricStore* store, RunView* run) {
    store_ = store;
    run_ = run;
  }

 private:
  MetricStore* store_ = nullptr;
  RunView* run_ = nullptr;
};

}  // namespace lt
