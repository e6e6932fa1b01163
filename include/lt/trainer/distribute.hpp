// SPDX-License-Identifier: Apache-2.0
// Puts distributed samplers into loaders.
// Source: Lightning, pytorch/trainer/connectors/data_connector.py, `_prepare_dataloader`.
#pragma once

#include "lt/core/type_name.hpp"
#include "lt/data/distributed_sampler.hpp"
#include "lt/data/named.hpp"
#include "lt/trainer/batch_source.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>

namespace lt {

/// The seed of the run, as `seed_everything` has left it; else 0.
inline std::int64_t global_seed() {
  std::int64_t seed = 0;
  if (const char* found = std::getenv("PL_GLOBAL_SEED")) {
    const std::string_view text = found;
    std::from_chars(text.data(), text.data() + text.size(), seed);
  }
  return seed;
}

/// Gives a loader, or each of several, a DistributedSampler with these options. It shuffles where
/// the options say so and the loader did. A loader that is distributed already is left alone;
/// `cannot(type)` is told of one that chooses the order itself.
template <class L, class F>
void distribute(L& loader, const DistributedSamplerOptions& options, F&& cannot) {
  if constexpr (requires { loader.get(); }) {
    distribute(loader.get(), options, cannot);
  } else if constexpr (detail::is_named<L>) {
    distribute(loader.value, options, cannot);
  } else if constexpr (requires { loader.loaders(); }) {
    distribute(loader.loaders(), options, cannot);
  } else if constexpr (is_loader_list<L>) {
    for (auto& item : loader) {
      distribute(item, options, cannot);
    }
  } else if constexpr (requires { std::tuple_size<L>::value; }) {
    std::apply([&](auto&... item) { (distribute(item, options, cannot), ...); }, loader);
  } else if constexpr (requires {
                         loader.is_shuffled();
                         loader.set_sampler(DistributedSampler(options));
                       }) {
    if (!loader.is_distributed()) {
      DistributedSamplerOptions own = options;
      own.shuffle = options.shuffle && loader.is_shuffled();
      loader.set_sampler(DistributedSampler(own));
    }
  } else if (!detail::is_distributed(loader)) {
    cannot(type_name<L>());
  }
}

}  // namespace lt
