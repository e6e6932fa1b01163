// SPDX-License-Identifier: Apache-2.0
// Transforms, per sample and per batch.
#pragma once

#include "lt/data/dataset.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace lt {

/// `f` applied to every sample of `D`. `f` may be called by several workers at once; a random
/// transform draws from `lt::rng::current_generator()`.
template <SampleDataset D, class F>
  requires std::invocable<const F&, sample_of<D>>
class MappedDataset {
 public:
  MappedDataset(D dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}

  std::int64_t size() const { return dataset_.size(); }

  auto get(std::int64_t index) const { return f_(dataset_.get(index)); }

 private:
  D dataset_;
  F f_;
};

/// `f` applied to every batch that `D` gathers.
template <BatchDataset D, class F>
class BatchMappedDataset {
 public:
  BatchMappedDataset(D dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}

  std::int64_t size() const { return dataset_.size(); }

  auto get_batch(std::span<const std::int64_t> indices) const {
    return f_(dataset_.get_batch(indices));
  }

 private:
  D dataset_;
  F f_;
};

namespace detail {

template <class F>
struct MapSamples {
  F f;
};

template <class F>
struct MapBatches {
  F f;
};

// Here, so that they are found for datasets of any namespace.
template <SampleDataset D, class F>
auto operator|(D dataset, MapSamples<F> map) {
  return MappedDataset<D, F>(std::move(dataset), std::move(map.f));
}

template <BatchDataset D, class F>
auto operator|(D dataset, MapBatches<F> map) {
  return BatchMappedDataset<D, F>(std::move(dataset), std::move(map.f));
}

}  // namespace detail

/// `dataset | lt::map_samples(f)`: a transform per sample.
template <class F>
auto map_samples(F f) {
  return detail::MapSamples<F>{std::move(f)};
}

/// `dataset | lt::map_batches(f)`: a transform per batch, for datasets that gather batches.
template <class F>
auto map_batches(F f) {
  return detail::MapBatches<F>{std::move(f)};
}

/// The same as `dataset | lt::map_samples(f)`.
template <SampleDataset D, class F>
auto map_dataset(D dataset, F f) {
  return MappedDataset<D, F>(std::move(dataset), std::move(f));
}

}  // namespace lt
