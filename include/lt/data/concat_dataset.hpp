// SPDX-License-Identifier: Apache-2.0
// Several datasets one after another.
#pragma once

#include "lt/data/dataset.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace lt {

/// The samples of all the datasets, in order; they must have one sample type.
/// Errors: `DataError` when an index is out of range.
template <class... Ds>
class ConcatDataset {
 public:
  static_assert(sizeof...(Ds) > 0 && (SampleDataset<Ds> && ...),
                "ConcatDataset takes datasets with get(index)");

  using sample_type = sample_of<std::tuple_element_t<0, std::tuple<Ds...>>>;
  static_assert((std::same_as<sample_of<Ds>, sample_type> && ...),
                "the datasets of a ConcatDataset must have the same sample type");

  explicit ConcatDataset(Ds... datasets) : datasets_(std::move(datasets)...) {}

  std::int64_t size() const {
    return std::apply(
        [](const auto&... part) { return (std::int64_t{0} + ... + std::int64_t{part.size()}); },
        datasets_);
  }

  sample_type get(std::int64_t index) const {
    detail::check_index("ConcatDataset", index, size());
    return find<0>(index);
  }

 private:
  template <std::size_t I>
  sample_type find(std::int64_t index) const {
    const auto& part = std::get<I>(datasets_);
    if constexpr (I + 1 < sizeof...(Ds)) {
      if (index >= part.size()) {
        return find<I + 1>(index - part.size());
      }
    }
    return part.get(index);
  }

  std::tuple<Ds...> datasets_;
};

/// The same for a number of datasets of one type that is known only at run time.
template <SampleDataset D>
class ConcatDataset<std::vector<D>> {
 public:
  explicit ConcatDataset(std::vector<D> datasets) : datasets_(std::move(datasets)) {}

  std::int64_t size() const {
    std::int64_t sum = 0;
    for (const D& part : datasets_) {
      sum += part.size();
    }
    return sum;
  }

  sample_of<D> get(std::int64_t index) const {
    detail::check_index("ConcatDataset", index, size());
    auto part = datasets_.begin();
    for (; index >= part->size(); ++part) {
      index -= part->size();
    }
    return part->get(index);
  }

 private:
  std::vector<D> datasets_;
};

}  // namespace lt
