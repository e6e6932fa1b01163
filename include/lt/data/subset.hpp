// SPDX-License-Identifier: Apache-2.0
// Some of a dataset's samples, in a given order.
#pragma once

#include "lt/data/dataset.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lt {

/// The samples of `dataset` at `indices`, in that order. Subsets of one dataset share it.
/// Errors: `DataError` when an index of its own is out of range; the dataset judges the others.
template <Dataset D>
class Subset {
 public:
  Subset(D dataset, std::vector<std::int64_t> indices)
      : Subset(detail::share(std::move(dataset)), std::move(indices)) {}

  Subset(std::shared_ptr<const D> dataset, std::vector<std::int64_t> indices)
      : dataset_(std::move(dataset)), indices_(std::move(indices)) {}

  std::int64_t size() const { return static_cast<std::int64_t>(indices_.size()); }

  const D& dataset() const { return *dataset_; }

  const std::vector<std::int64_t>& indices() const { return indices_; }

  auto get(std::int64_t index) const
    requires SampleDataset<D>
  {
    return dataset_->get(outer(index));
  }

  auto get_batch(std::span<const std::int64_t> indices) const
    requires BatchDataset<D>
  {
    // Kept per thread, so that a batch costs no allocation.
    thread_local std::vector<std::int64_t> mapped;
    mapped.clear();
    for (const std::int64_t index : indices) {
      mapped.push_back(outer(index));
    }
    return dataset_->get_batch(std::span<const std::int64_t>(mapped));
  }

 private:
  std::int64_t outer(std::int64_t index) const {
    detail::check_index("Subset", index, size());
    return indices_[static_cast<std::size_t>(index)];
  }

  std::shared_ptr<const D> dataset_;
  std::vector<std::int64_t> indices_;
};

}  // namespace lt
