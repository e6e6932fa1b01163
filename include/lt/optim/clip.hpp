// SPDX-License-Identifier: Apache-2.0
// Gradient clipping as in torch.nn.utils.
#pragma once

#include "lt/core/errors.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm_ops.h>
#include <ATen/ops/scalar_tensor_ops.h>
#include <ATen/ops/stack_ops.h>
#include <c10/util/SmallVector.h>

#include <cmath>
#include <span>

namespace lt::optim {

namespace detail {

inline at::Tensor vector_norm(const at::Tensor& tensor, double order) {
  return at::_ops::linalg_vector_norm::call(tensor, order, std::nullopt, false, std::nullopt);
}

}  // namespace detail

/// Scales the gradients of `params` so that their norm, taken over all together, is at most
/// `max_norm`; returns the norm before that, a 0-dimensional tensor on the first gradient's device.
/// Parameters without a gradient are left out. Nothing is transferred to the host unless
/// `error_if_nonfinite`, which throws lt::Error for an infinite or NaN norm.
/// Source: torch/nn/utils/clip_grad.py, to the bit.
inline at::Tensor clip_grad_norm_(std::span<const at::Tensor> params, double max_norm,
                                  double norm_type = 2.0, bool error_if_nonfinite = false) {
  c10::NoGradGuard no_grad;
  c10::SmallVector<at::Tensor, 32> norms;
  for (const at::Tensor& param : params) {
    const at::Tensor& grad = param.grad();
    if (grad.defined()) {
      at::Tensor norm = detail::vector_norm(grad, norm_type);
      norms.push_back(norms.empty() ? norm : norm.to(norms[0].device()));
    }
  }
  if (norms.empty()) {
    return at::_ops::scalar_tensor::call(0.0, std::nullopt, std::nullopt, std::nullopt,
                                         std::nullopt);
  }
  at::Tensor total = detail::vector_norm(
      at::_ops::stack::call(at::TensorList(norms.data(), norms.size()), 0), norm_type);
  if (error_if_nonfinite && !std::isfinite(total.item().toDouble())) {
    throw Error("clip_grad_norm_: the norm of the gradients is not finite; expected a number");
  }
  // Python's `max_norm / (total + 1e-6)`: float / tensor is reciprocal() * float.
  const at::Tensor factor =
      total.add(1e-6).reciprocal_().mul(max_norm).clamp_(std::nullopt, at::Scalar(1.0));
  for (const at::Tensor& param : params) {
    const at::Tensor& grad = param.grad();
    if (grad.defined()) {
      grad.mul_(grad.device() == factor.device() ? factor : factor.to(grad.device()));
    }
  }
  return total;
}

/// Limits every element of the gradients to [-clip_value, clip_value].
/// Source: torch/nn/utils/clip_grad.py.
inline void clip_grad_value_(std::span<const at::Tensor> params, double clip_value) {
  c10::NoGradGuard no_grad;
  for (const at::Tensor& param : params) {
    if (param.grad().defined()) {
      param.grad().clamp_(at::Scalar(-clip_value), at::Scalar(clip_value));
    }
  }
}

}  // namespace lt::optim
