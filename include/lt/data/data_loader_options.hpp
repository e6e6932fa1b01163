// SPDX-License-Identifier: Apache-2.0
// The options of a loader.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>
#include <string>

namespace lt {

/// Options of `DataLoader` and `StreamLoader`, named as those of `torch.utils.data.DataLoader`.
struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;
  std::int64_t num_workers = 0;
  std::int64_t prefetch_factor = 2;
  bool persistent_workers = false;
  std::optional<std::int64_t> seed{};
  /// An own generator, as Python's `generator=`; instead of `seed`.
  std::optional<at::Generator> generator{};
};

namespace detail {

/// Errors: `ConfigError` naming the option, its value and what is expected.
inline void validate(const DataLoaderOptions& options) {
  const auto at_least = [](const char* name, std::int64_t value, std::int64_t least) {
    if (value < least) {
      throw ConfigError("DataLoader: " + std::string(name) + " is " + std::to_string(value) +
                        "; expected " + std::to_string(least) + " or more");
    }
  };
  at_least("batch_size", options.batch_size, 1);
  at_least("num_workers", options.num_workers, 0);
  at_least("prefetch_factor", options.prefetch_factor, 1);
  if (options.persistent_workers && options.num_workers == 0) {
    throw ConfigError("DataLoader: persistent_workers needs num_workers of 1 or more; it is 0");
  }
}

}  // namespace detail
}  // namespace lt

LT_REFLECT(lt::DataLoaderOptions, (batch_size, "samples per batch"),
           (shuffle, "take the samples in a new random order in each epoch"),
           (drop_last, "leave out a last batch that is not full"),
           (num_workers, "background threads that load batches; 0: none"),
           (prefetch_factor, "batches that each worker loads in advance"),
           (persistent_workers, "keep the worker threads from one epoch to the next"),
           (seed, "shuffle with a generator of the loader's own, seeded with this"))
