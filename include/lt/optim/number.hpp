// SPDX-License-Identifier: Apache-2.0
// A Python number as LBFGS meets them: a float, or a tensor without dimensions.
#pragma once

#include "lt/optim/python_math.hpp"
#include "lt/optim/tensor_steps.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/rsub_ops.h>

#include <cmath>
#include <utility>

namespace lt::optim::detail {

/// Python mixes floats and tensors freely, and the bits depend on it: a float meets a float32
/// tensor in float32, another float in double. This type does what Python would do.
class Number {
 public:
  Number(double value) : value_(value) {}  // implicit, as in Python
  Number(at::Tensor tensor) : tensor_(std::move(tensor)) {}

  /// Python's float(x).
  double as_double() const { return tensor_.defined() ? tensor_.item().toDouble() : value_; }
  /// What `alpha=x` passes on.
  at::Scalar as_scalar() const { return tensor_.defined() ? tensor_.item() : at::Scalar(value_); }
  /// For the state: a float becomes a float64 tensor, which gives the same bits later.
  at::Tensor as_tensor() const {
    return tensor_.defined() ? tensor_ : make_scalar(value_, at::kDouble);
  }
  /// tensor * x
  at::Tensor times(const at::Tensor& tensor) const {
    return tensor_.defined() ? tensor.mul(tensor_) : tensor.mul(value_);
  }

  friend Number operator-(const Number& a) {
    return a.tensor_.defined() ? Number(a.tensor_.neg()) : Number(-a.value_);
  }
  friend Number abs(const Number& a) {
    return a.tensor_.defined() ? Number(a.tensor_.abs()) : Number(std::fabs(a.value_));
  }
  friend Number sqrt(const Number& a) {
    return a.tensor_.defined() ? Number(a.tensor_.sqrt()) : Number(std::sqrt(a.value_));
  }
  friend Number square(const Number& a) {
    return a.tensor_.defined() ? Number(a.tensor_.pow(2)) : Number(a.value_ * a.value_);
  }

  friend Number operator+(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {
      return b.tensor_.defined() ? Number(b.tensor_.add(a.value_)) : Number(a.value_ + b.value_);
    }
    return b.tensor_.defined() ? a.tensor_.add(b.tensor_) : a.tensor_.add(b.value_);
  }
  friend Number operator-(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {
      return b.tensor_.defined() ? Number(at::_ops::rsub_Scalar::call(b.tensor_, a.value_, 1))
                                 : Number(a.value_ - b.value_);
    }
    return b.tensor_.defined() ? a.tensor_.sub(b.tensor_) : a.tensor_.sub(b.value_);
  }
  friend Number operator*(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {
      // rounded: the sum that may follow must not be fused with it
      return b.tensor_.defined() ? Number(b.tensor_.mul(a.value_))
                                 : Number(rounded(a.value_ * b.value_));
    }
    return b.tensor_.defined() ? a.tensor_.mul(b.tensor_) : a.tensor_.mul(b.value_);
  }
  friend Number operator/(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {  // Python: float / tensor is tensor.reciprocal() * float
      return b.tensor_.defined() ? Number(b.tensor_.reciprocal().mul(a.value_))
                                 : Number(a.value_ / b.value_);
    }
    return b.tensor_.defined() ? a.tensor_.div(b.tensor_) : a.tensor_.div(b.value_);
  }

  friend bool operator<(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {
      return b.tensor_.defined() ? truth(b.tensor_.gt(a.value_)) : a.value_ < b.value_;
    }
    return truth(b.tensor_.defined() ? a.tensor_.lt(b.tensor_) : a.tensor_.lt(b.value_));
  }
  friend bool operator<=(const Number& a, const Number& b) {
    if (!a.tensor_.defined()) {
      return b.tensor_.defined() ? truth(b.tensor_.ge(a.value_)) : a.value_ <= b.value_;
    }
    return truth(b.tensor_.defined() ? a.tensor_.le(b.tensor_) : a.tensor_.le(b.value_));
  }
  friend bool operator>(const Number& a, const Number& b) { return b < a; }
  friend bool operator>=(const Number& a, const Number& b) { return b <= a; }

 private:
  static bool truth(const at::Tensor& tensor) { return tensor.item().toBool(); }

  at::Tensor tensor_;
  double value_ = 0;
};

/// Python's max(a, b) and min(a, b): the first one unless the second is really beyond it.
inline const Number& larger(const Number& a, const Number& b) {
  return b > a ? b : a;
}
inline const Number& smaller(const Number& a, const Number& b) {
  return b < a ? b : a;
}

}  // namespace lt::optim::detail
