// SPDX-License-Identifier: Apache-2.0
// Batches from a stream of samples.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/batch_view.hpp"
#include "lt/data/data_loader.hpp"
#include "lt/data/data_loader_options.hpp"
#include "lt/data/prefetch_view.hpp"
#include "lt/data/rng.hpp"

#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace lt {

/// Batches of the samples of a range, taken in its order. As in Python each pass draws one base
/// seed. A stream cannot be read by several threads without repeating it, so any number of
/// workers means one background thread that stays `num_workers * prefetch_factor` batches ahead.
/// Errors: `ConfigError` for options that cannot work, `shuffle` among them (`lt::views::shuffle`
/// shuffles a stream).
template <IterableDataset D, class C = DefaultCollate>
class StreamLoader {
  using Batches = PrefetchView<BatchView<D, C>>;

 public:
  using lt_loader = void;
  using iterator = typename Batches::iterator;

  explicit StreamLoader(D samples, const DataLoaderOptions& options = {}, C collate = {})
      : options_((detail::validate(options), options)),
        generator_(rng::choose_generator(options.seed, options.generator)),
        batches_(BatchView<D, C>(std::move(samples), options.batch_size, options.drop_last,
                                 std::move(collate)),
                 options.num_workers * options.prefetch_factor) {
    if (options.shuffle) {
      throw ConfigError("StreamLoader: shuffle is true; a stream has no indices to shuffle, "
                        "expected false and lt::views::shuffle before it");
    }
  }

  iterator begin() { return batches_.begin_with_seed(rng::draw_seed(generator_)); }
  std::default_sentinel_t end() const { return {}; }

  /// Batches per pass, if the range knows its size.
  std::optional<std::int64_t> size() const { return batches_.size(); }

  const DataLoaderOptions& options() const { return options_; }
  std::int64_t batch_size() const { return options_.batch_size; }
  bool is_shuffled() const { return false; }
  bool is_sequential() const { return true; }

 private:
  DataLoaderOptions options_;
  std::optional<at::Generator> generator_;
  Batches batches_;
};

/// A loader over a dataset with indices, or over a stream of samples.
template <Dataset D>
auto make_data_loader(D dataset, DataLoaderOptions options = {}) {
  return DataLoader<D>(std::move(dataset), std::move(options));
}

template <IterableDataset D>
auto make_data_loader(D samples, const DataLoaderOptions& options = {}) {
  return StreamLoader<D>(std::move(samples), options);
}

/// The same with a collate function: `make_data_loader(dataset, {.batch_size = 8}, pad_collate())`.
template <Dataset D, class C>
auto make_data_loader(D dataset, DataLoaderOptions options, C collate) {
  return DataLoader<D, DefaultSampler, C>(std::move(dataset), std::move(options),
                                          std::move(collate));
}

template <IterableDataset D, class C>
auto make_data_loader(D samples, const DataLoaderOptions& options, C collate) {
  return StreamLoader<D, C>(std::move(samples), options, std::move(collate));
}

}  // namespace lt
