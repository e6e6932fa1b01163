// SPDX-License-Identifier: Apache-2.0
// Plain numbers in host memory as a tensor.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_ops.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace lt {

/// A new uninitialised CPU tensor of the given shape and type.
inline at::Tensor empty_tensor(at::IntArrayRef shape, at::ScalarType dtype) {
  return at::_ops::empty_memory_format::call(c10::fromIntArrayRefSlow(shape), dtype, {}, {}, {},
                                             std::nullopt);
}

/// The indices as an int64 tensor of shape [indices.size()].
inline at::Tensor index_tensor(std::span<const std::int64_t> indices) {
  at::Tensor tensor = empty_tensor({static_cast<std::int64_t>(indices.size())}, at::kLong);
  std::ranges::copy(indices, tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

}  // namespace lt
