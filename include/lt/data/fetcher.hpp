// SPDX-License-Identifier: Apache-2.0
// From indices to a batch: the part of a loader that workers share.
#pragma once

#include "lt/data/collate.hpp"
#include "lt/data/dataset.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::detail {

struct NoSamples {
  void clear() {}
};

template <class D>
struct SampleBuffer {
  using type = NoSamples;
};
template <SampleDataset D>
struct SampleBuffer<D> {
  using type = std::vector<sample_of<D>>;
};

/// A dataset and how its samples become batches. The default collate leaves batches to the
/// dataset where it gathers them itself.
template <Dataset D, class C>
struct Fetcher {
  // Where the samples of one batch are put; each worker has its own and keeps its memory.
  using Buffer = typename SampleBuffer<D>::type;

  static constexpr bool gathers = BatchDataset<D> && std::same_as<C, DefaultCollate>;
  static_assert(gathers || SampleDataset<D>,
                "a collate function of your own needs a dataset with get(index)");

  std::shared_ptr<D> dataset;
  C collate;

  auto operator()(std::span<const std::int64_t> indices, Buffer& samples) const {
    const D& data = *dataset;
    if constexpr (gathers) {
      return data.get_batch(indices);
    } else {
      samples.clear();
      for (const std::int64_t index : indices) {
        samples.push_back(data.get(index));
      }
      auto batch = collate(samples);
      samples.clear();  // do not keep the samples' memory while the batch is used
      return batch;
    }
  }
};

/// The batch type of a loader over `D` with the collate function `C`.
template <Dataset D, class C>
using fetched_batch = std::remove_cvref_t<decltype(std::declval<const Fetcher<D, C>&>()(
    std::span<const std::int64_t>{}, std::declval<typename Fetcher<D, C>::Buffer&>()))>;

}  // namespace lt::detail
