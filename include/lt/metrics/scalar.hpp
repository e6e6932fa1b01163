// SPDX-License-Identifier: Apache-2.0
// Reads the one number in a tensor for `log`.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/tensor.hpp"

#include <cstdint>
#include <string_view>

namespace lt {

/// Errors: lt::ConfigError naming the metric and the shape of a tensor without exactly one element.
inline void check_scalar(const Tensor& tensor, std::string_view name) {
  if (!tensor.defined() || tensor.numel() != 1) {
    throw ConfigError(text("lt[E169] log(\"", name, "\", tensor): ",
                           tensor.defined() ? text("found ", tensor.numel(), " elements")
                                            : std::string("found an undefined tensor"),
                           "; expected a tensor with exactly one element"));
  }
}

/// The number in `tensor`, which must have exactly one element. On the host it is read in place:
/// no operator is dispatched and nothing is allocated.
///
/// Errors: lt::ConfigError naming the metric and the shape.
inline LoggedValue scalar_of(const Tensor& tensor, std::string_view name) {
  check_scalar(tensor, name);
  const auto type = tensor.scalar_type();
  if (tensor.device().is_cpu() && type == c10::kFloat) {
    return {static_cast<double>(*tensor.const_data_ptr<float>()), false};
  }
  if (tensor.device().is_cpu() && type == c10::kDouble) {
    return {*tensor.const_data_ptr<double>(), true};
  }
  return {tensor.item().toDouble(), type == c10::kDouble};
}

}  // namespace lt
