// SPDX-License-Identifier: Apache-2.0
// What a captured step logs: its tensors are computed again at each replay, without a call of
// `log`.
#pragma once

#include "lt/core/log_options.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/tensor.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Tensors with memory of their own, which the captured work fills: the first pass makes them,
/// later ones write into them.
class RecordedTensors {
 public:
  /// Before each pass over the work.
  void begin() { next_ = 0; }
  void clear() { tensors_.clear(); }
  const Tensor& keep(const Tensor& tensor) {
    if (next_ == tensors_.size()) {
      tensors_.push_back(tensor.detach().clone());
    } else {
      tensors_[next_].copy_(tensor.detach());
    }
    return tensors_[next_++];
  }

 private:
  std::vector<Tensor> tensors_;
  std::size_t next_ = 0;
};

/// Calls of `log` in a captured step, to be made again after each replay.
class RecordedLog {
 public:
  void begin() {
    calls_.clear();
    tensors_.begin();
  }
  void clear() {
    calls_.clear();
    tensors_.clear();
  }
  void add(HookId hook, std::string_view name, const Tensor& value, const LogOptions& options) {
    calls_.push_back({hook, std::string(name), options, tensors_.keep(value), 0.0});
  }
  void add(HookId hook, std::string_view name, double value, const LogOptions& options) {
    calls_.push_back({hook, std::string(name), options, {}, value});
  }

  /// Logs the values that are in the tensors now.
  void emit(MetricStore& store) const {
    for (const Call& call : calls_) {
      const HookId outer = std::exchange(store.current_hook, call.hook);
      store.log(call.name,
                call.tensor.defined() ? scalar_of(call.tensor, call.name)
                                      : LoggedValue{call.number, false},
                call.options);
      store.current_hook = outer;
    }
  }

 private:
  struct Call {
    HookId hook;
    std::string name;
    LogOptions options;
    Tensor tensor;
    double number;
  };
  std::vector<Call> calls_;
  RecordedTensors tensors_;
};

/// Logs the one number in a tensor, or has it logged behind the step that is captured.
inline void log_value(MetricStore& store, std::string_view name, const Tensor& value,
                      const LogOptions& options) {
  if (store.recorded != nullptr) {
    store.recorded->add(store.current_hook, name, value, options);
  } else {
    store.log(name, scalar_of(value, name), options);
  }
}
inline void log_value(MetricStore& store, std::string_view name, double value,
                      const LogOptions& options) {
  if (store.recorded != nullptr) {
    store.recorded->add(store.current_hook, name, value, options);
  } else {
    store.log(name, {value, false}, options);
  }
}

}  // namespace lt
