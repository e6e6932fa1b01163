// SPDX-License-Identifier: Apache-2.0
// Small pieces of the update rules that are more than one operator.
#pragma once

#include "lt/core/errors.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/scalar_tensor_ops.h>
#include <ATen/ops/zeros_like_ops.h>
#include <c10/core/DefaultDtype.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim::detail {

/// torch.zeros_like(param, memory_format=torch.preserve_format)
inline at::Tensor zeros_for(const at::Tensor& param) {
  return at::_ops::zeros_like::call(param, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
                                    at::MemoryFormat::Preserve);
}

/// A 0-dimensional tensor on the CPU.
inline at::Tensor make_scalar(double value, at::ScalarType dtype) {
  return at::_ops::scalar_tensor::call(value, dtype, std::nullopt, at::Device(at::kCPU),
                                       std::nullopt);
}

/// Python's `tensor.mul_(factor)`. In half precisions LibTorch's `mul_(Scalar)` rounds the factor
/// first; Python passes a tensor, and the factor keeps its precision.
inline const at::Tensor& scale_(const at::Tensor& tensor, double factor) {
  if (!at::isReducedFloatingType(tensor.scalar_type())) {
    return tensor.mul_(factor);
  }
  const at::Tensor number = make_scalar(factor, at::kDouble);
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor.mul_(number);
}

/// A step count of 0, as Python makes it: on the CPU in float32 (float64 if that is the default
/// dtype); for a fused update in float32 on the parameter's device.
inline at::Tensor new_step_count(const at::Tensor& param, bool fused) {
  if (fused) {
    return make_scalar(0.0, at::kFloat).to(param.device());
  }
  const bool wide = c10::get_default_dtype_as_scalartype() == at::kDouble;
  return make_scalar(0.0, wide ? at::kDouble : at::kFloat);
}

/// Adds 1 to a step count. On the CPU without the cost of an operator call.
inline void advance(at::Tensor& step) {
  if (step.is_cpu() && step.scalar_type() == at::kFloat) {
    *step.mutable_data_ptr<float>() += 1.0F;
  } else if (step.is_cpu() && step.scalar_type() == at::kDouble) {
    *step.mutable_data_ptr<double>() += 1.0;
  } else {
    step.add_(1);
  }
}

/// The value of a step count.
inline double value_of(const at::Tensor& step) {
  if (step.is_cpu() && step.scalar_type() == at::kFloat) {
    return *step.const_data_ptr<float>();
  }
  return step.item().toDouble();
}

/// Refuses what Python's rule refuses too.
inline void require_dense_real(std::string_view owner, const at::Tensor& param,
                               const at::Tensor& grad) {
  if (grad.is_sparse()) {
    throw ConfigError(std::string(owner) + ": got a sparse gradient; expected dense gradients");
  }
  if (param.is_complex()) {
    throw ConfigError(std::string(owner) +
                      ": got a complex parameter; expected a real one (use view_as_real)");
  }
}

/// Collects the tensors of fused kernel calls: one call for each device, dtype and `key`. The lists
/// keep their memory between steps, so a step in steady state allocates none.
template <std::size_t Lists>
class FusedCalls {
 public:
  struct Call {
    at::Device device;
    at::ScalarType dtype;
    bool key;
    std::array<std::vector<at::Tensor>, Lists> lists{};
  };

  /// Drops tensors that an exception left behind.
  void clear() {
    for (Call& call : calls_) {
      for (auto& list : call.lists) {
        list.clear();
      }
    }
  }

  /// The call that `param` belongs to.
  Call& of(const at::Tensor& param, bool key = false) {
    for (Call& call : calls_) {
      if (call.device == param.device() && call.dtype == param.scalar_type() && call.key == key) {
        return call;
      }
    }
    return calls_.emplace_back(Call{param.device(), param.scalar_type(), key});
  }

  /// Runs `f` on each call that got tensors, then drops the tensors.
  template <class F>
  void run(F&& f) {
    for (Call& call : calls_) {
      if (!call.lists[0].empty()) {
        f(call);
      }
    }
    clear();
  }

 private:
  std::vector<Call> calls_;
};

}  // namespace lt::optim::detail
