// SPDX-License-Identifier: Apache-2.0
// What a captured step logs: its tensors are computed again at each replay, without a call of
// `log`.
#pragma once

#include "lt/core/log_options.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/tensor.hpp"

#include <ATen/ops/stack_ops.h>

#include <cstddef>
#include <cstdint>
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

/// Numbers that were logged on a device, read together.
class DeviceNumbers {
 public:
  /// Keeps a tensor of one element as it is now.
  void add(const Tensor& tensor) { tensors_.push_back(tensor.detach().clone()); }
  std::size_t size() const { return tensors_.size(); }

  /// All of them, in order: one copy to the host for those of one device.
  std::vector<double> take() {
    const std::vector<Tensor> tensors = std::exchange(tensors_, {});
    std::vector<double> out;
    if (tensors.empty()) {
      return out;
    }
    ++reads_;
    std::vector<Tensor> wide;
    bool together = true;
    for (const Tensor& tensor : tensors) {
      wide.push_back(tensor.reshape({}).to(at::kDouble));
      together = together && tensor.device() == tensors[0].device();
    }
    if (!together) {
      for (const Tensor& number : wide) {
        out.push_back(number.item().toDouble());
      }
      return out;
    }
    const Tensor all = at::_ops::stack::call(wide, 0).cpu();
    const double* first = all.const_data_ptr<double>();
    out.assign(first, first + all.numel());
    return out;
  }
  /// How often the host has waited for numbers.
  std::int64_t reads() const { return reads_; }

 private:
  std::vector<Tensor> tensors_;
  std::int64_t reads_ = 0;
};

/// Logs the one number in a tensor, now or when somebody looks.
inline void log_number(MetricStore& store, std::string_view name, const Tensor& value,
                       const LogOptions& options) {
  if (store.numbers == nullptr) {
    store.log(name, scalar_of(value, name), options);
    return;
  }
  check_scalar(value, name);
  const auto read = [](void* numbers) { return static_cast<DeviceNumbers*>(numbers)->take(); };
  store.log_later(name, value.scalar_type() == at::kDouble, options, {read, store.numbers.get()});
  if (!store.ignores_log()) {
    store.numbers->add(value);
  }
}

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
      if (call.tensor.defined()) {
        log_number(store, call.name, call.tensor, call.options);
      } else {
        store.log(call.name, {call.number, false}, call.options);
      }
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
    log_number(store, name, value, options);
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
