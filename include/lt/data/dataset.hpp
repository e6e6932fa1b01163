// SPDX-License-Identifier: Apache-2.0
// What a dataset is.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/loader.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace lt {

/// A collection of known size.
template <class D>
concept SizedDataset = requires(const D& dataset) {
  { dataset.size() } -> std::convertible_to<std::int64_t>;
};

/// A dataset whose samples are asked for one by one. With worker threads `get` is called by
/// several of them at once, which is why it is const.
template <class D>
concept SampleDataset = SizedDataset<D> && requires(const D& dataset, std::int64_t index) {
  dataset.get(index);
};

/// A dataset that gathers a whole batch at once from the indices of its samples.
template <class D>
concept BatchDataset =
    SizedDataset<D> && requires(const D& dataset, std::span<const std::int64_t> indices) {
      dataset.get_batch(indices);
    };

/// What a `DataLoader` takes. Smallest legal member:
/// `struct Squares { std::int64_t size() const; at::Tensor get(std::int64_t index) const; };`
template <class D>
concept Dataset = SampleDataset<D> || BatchDataset<D>;

/// A stream of samples without indices: a range that starts again with each pass. Satisfied by
/// what satisfies `Loader`.
template <class D>
concept IterableDataset = !Dataset<D> && Loader<D>;

/// The type of one sample of `D`.
template <SampleDataset D>
using sample_of =
    std::remove_cvref_t<decltype(std::declval<const D&>().get(std::declval<std::int64_t>()))>;

namespace detail {

/// Errors: `DataError` that names the dataset when `index` is not one of `size` samples.
inline void check_index(const char* dataset, std::int64_t index, std::int64_t size) {
  if (index < 0 || index >= size) {
    throw DataError(std::string(dataset) + ": index " + std::to_string(index) +
                    " is out of range, the dataset holds " + std::to_string(size) + " samples");
  }
}

// Datasets that wrap others hold them by shared_ptr, so that splits of one dataset share it.
template <class D>
std::shared_ptr<D> share(D dataset) {
  return std::make_shared<D>(std::move(dataset));
}

}  // namespace detail
}  // namespace lt
