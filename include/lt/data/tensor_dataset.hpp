// SPDX-License-Identifier: Apache-2.0
// A dataset that is whole tensors in memory.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/dataset.hpp"
#include "lt/data/example.hpp"
#include "lt/data/index_tensor.hpp"
#include "lt/data/tensor_tree.hpp"

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace lt {

/// Options of `TensorDataset`.
struct TensorDatasetOptions {
  /// Batches of consecutive samples are views into the dataset instead of copies. Only for steps
  /// that never write into their batch: such a write would change the dataset.
  bool views = false;
};

/// Whole tensors with one sample per row; a batch is one gather per tensor.
/// Shapes: every tensor of `Batch` is [samples, ...]; those of a batch are [batch, ...], those of
/// a sample [...].
/// Errors: `DataError` when there is no tensor, a tensor has no dimension, first dimensions
/// differ, or an index is out of range.
template <TensorTree Batch>
class TensorDataset {
 public:
  explicit TensorDataset(Batch tensors, TensorDatasetOptions options = {})
      : tensors_(std::move(tensors)), options_(options) {
    check();
  }

  /// Two tensors make the batch an `Example`, three or more a tuple.
  template <std::same_as<at::Tensor>... Rest>
    requires(sizeof...(Rest) > 0)
  explicit TensorDataset(at::Tensor first, Rest... rest)
      : TensorDataset(Batch{std::move(first), std::move(rest)...}) {}

  std::int64_t size() const { return size_; }

  /// The tensors as they are.
  const Batch& tensors() const { return tensors_; }

  /// One sample; its tensors are views.
  Batch get(std::int64_t index) const {
    detail::check_index("TensorDataset", index, size_);
    return map_tensors(tensors_, [&](const at::Tensor& t) { return t.select(0, index); });
  }

  /// The samples at `indices`, copied out unless `views` allows otherwise.
  Batch get_batch(std::span<const std::int64_t> indices) const {
    if (is_run(indices)) {
      const std::int64_t first = indices.empty() ? 0 : indices.front();
      const auto count = static_cast<std::int64_t>(indices.size());
      return map_tensors(tensors_, [&](const at::Tensor& t) {
        at::Tensor rows = t.narrow(0, first, count);
        return options_.views ? rows : rows.clone();
      });
    }
    const at::Tensor index = index_tensor(indices);
    return map_tensors(tensors_, [&](const at::Tensor& t) {
      return t.index_select(0, t.is_cpu() ? index : index.to(index.options().device(t.device())));
    });
  }

 private:
  void check() {
    std::optional<std::int64_t> rows;
    std::int64_t number = 0;
    for_each_tensor(tensors_, [&](const at::Tensor& tensor) {
      if (!tensor.defined() || tensor.dim() == 0) {
        throw DataError("TensorDataset: tensor " + std::to_string(number) + " has no dimension; " +
                        "expected [samples, ...]");
      }
      if (rows && *rows != tensor.size(0)) {
        throw DataError("TensorDataset: tensor " + std::to_string(number) + " has " +
                        std::to_string(tensor.size(0)) + " rows; expected " +
                        std::to_string(*rows) + " as in the first tensor");
      }
      rows = tensor.size(0);
      ++number;
    });
    if (!rows) {
      throw DataError("TensorDataset: no tensor was given; expected at least one");
    }
    size_ = *rows;
  }

  // Consecutive ascending indices; checks every index on the way.
  bool is_run(std::span<const std::int64_t> indices) const {
    bool run = true;
    std::int64_t expected = indices.empty() ? 0 : indices.front();
    for (const std::int64_t index : indices) {
      detail::check_index("TensorDataset", index, size_);
      run = run && index == expected++;
    }
    return run;
  }

  Batch tensors_;
  TensorDatasetOptions options_;
  std::int64_t size_ = 0;
};

TensorDataset(at::Tensor, at::Tensor) -> TensorDataset<Example<>>;
template <std::same_as<at::Tensor>... More>
  requires(sizeof...(More) > 0)
TensorDataset(at::Tensor, at::Tensor, More...)
    -> TensorDataset<std::tuple<at::Tensor, at::Tensor, More...>>;

}  // namespace lt
