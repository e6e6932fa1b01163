// SPDX-License-Identifier: Apache-2.0
// How many samples a batch holds, found from its tensors.
#pragma once

#include "lt/data/tensor_tree.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace lt {

/// What `batch_size_of` found.
struct BatchSize {
  std::optional<std::int64_t> size{};  ///< nothing: no tensor in the batch
  bool ambiguous = false;              ///< a later leaf has another size, or none
};

/// The batch size as Lightning infers it for `log`: the leaves are walked depth first, a tensor
/// says `size(0)` (a scalar 1), other leaves say nothing, and the first size found wins.
/// Source: `lightning/pytorch/utilities/data.py`, `extract_batch_size`.
template <class Batch>
BatchSize batch_size_of(const Batch& batch) {
  BatchSize found;
  for_each_leaf(batch, [&](const auto& leaf) {
    std::optional<std::int64_t> size;
    if constexpr (detail::TensorLeaf<decltype(leaf)>) {
      size = leaf.dim() == 0 ? 1 : leaf.size(0);
    }
    if (!found.size) {
      found.size = size;
    } else if (found.size != size) {
      found.ambiguous = true;
    }
  });
  return found;
}

}  // namespace lt
