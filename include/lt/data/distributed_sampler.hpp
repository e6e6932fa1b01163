// SPDX-License-Identifier: Apache-2.0
// One rank's share of the samples.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/rng.hpp"
#include "lt/data/sampler.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `DistributedSampler`.
struct DistributedSamplerOptions {
  std::int64_t num_replicas = 1;  ///< ranks
  std::int64_t rank = 0;          ///< this rank
  bool shuffle = true;            ///< a new order for each epoch, the same on all ranks
  std::int64_t seed = 0;          ///< the order is that of a generator with seed + epoch
  bool drop_last = false;         ///< cut the tail, instead of repeating the first samples
  bool pad = true;                ///< false: each sample exactly once; ranks may differ by one
};

namespace detail {

/// Turns the indices of all ranks into those of one.
/// Errors: `ConfigError` when the rank is not one of the replicas.
class RankShare {
 public:
  explicit RankShare(const DistributedSamplerOptions& options) : options_(options) {
    if (options.num_replicas < 1 || options.rank < 0 || options.rank >= options.num_replicas) {
      throw ConfigError("DistributedSampler: rank " + std::to_string(options.rank) + " of " +
                        std::to_string(options.num_replicas) +
                        " replicas; expected a rank from 0 to replicas - 1");
    }
  }

  /// This rank's number of samples out of `n`.
  std::int64_t size(std::int64_t n) const {
    const std::int64_t ranks = options_.num_replicas;
    if (!options_.pad) {
      return n / ranks + (options_.rank < n % ranks ? 1 : 0);
    }
    return options_.drop_last ? n / ranks : (n + ranks - 1) / ranks;
  }

  void append(const std::vector<std::int64_t>& all, std::vector<std::int64_t>& out) const {
    const auto n = static_cast<std::int64_t>(all.size());
    const std::int64_t count = size(n);
    for (std::int64_t i = 0; i < count; ++i) {
      // Beyond the end the samples repeat from the first one.
      out.push_back(all[static_cast<std::size_t>((options_.rank + i * options_.num_replicas) % n)]);
    }
  }

 private:
  DistributedSamplerOptions options_;
};

}  // namespace detail

/// Every `num_replicas`-th sample, of an order that all ranks share. Orders, padding and dropping
/// equal `torch.utils.data.DistributedSampler`; without `pad` it is Lightning's
/// `UnrepeatedDistributedSampler`, which prediction uses.
/// Ranks: no communication; ranks agree through `seed` and `set_epoch`.
class DistributedSampler {
 public:
  explicit DistributedSampler(DistributedSamplerOptions options)
      : options_(options), share_(options) {}

  std::int64_t size(std::int64_t n) const { return share_.size(n); }

  void sample(std::int64_t n, std::vector<std::int64_t>& out) const {
    std::vector<std::int64_t> all;
    if (options_.shuffle) {
      // Without padding Lightning leaves the seed out of account.
      const std::int64_t seed = (options_.pad ? options_.seed : 0) + epoch_;
      const at::Tensor order = rng::permutation(n, rng::make_generator(seed));
      const std::int64_t* indices = order.const_data_ptr<std::int64_t>();
      all.assign(indices, indices + n);
    } else {
      SequentialSampler{}.sample(n, all);
    }
    share_.append(all, out);
  }

  /// Chooses the order of the next pass; without it every pass has the same one.
  void set_epoch(std::int64_t epoch) { epoch_ = epoch; }

  const DistributedSamplerOptions& options() const { return options_; }

  bool is_sequential() const { return false; }
  bool is_shuffled() const { return options_.shuffle; }
  bool is_distributed() const { return true; }

 private:
  DistributedSamplerOptions options_;
  detail::RankShare share_;
  std::int64_t epoch_ = 0;
};

/// One rank's share of another sampler's samples, as Lightning's `DistributedSamplerWrapper`: the
/// other sampler decides the order and must give the same one on all ranks, so `shuffle` and
/// `seed` have no effect.
template <IndexSampler S>
class DistributedSamplerWrapper {
 public:
  DistributedSamplerWrapper(S sampler, DistributedSamplerOptions options)
      : sampler_(std::move(sampler)), share_(options) {}

  std::int64_t size(std::int64_t n) const { return share_.size(sampler_.size(n)); }

  void sample(std::int64_t n, std::vector<std::int64_t>& out) {
    std::vector<std::int64_t> all;
    auto pass = detail::index_pass(sampler_, n);
    while (pass.next(all)) {
    }
    share_.append(all, out);
  }

  void set_epoch(std::int64_t epoch) { detail::set_epoch(sampler_, epoch); }
  void validate(std::int64_t n) const { detail::validate_sampler(sampler_, n); }

  bool is_sequential() const { return false; }
  bool is_shuffled() const { return detail::is_shuffled(sampler_); }
  bool is_distributed() const { return true; }

 private:
  S sampler_;
  detail::RankShare share_;
};

}  // namespace lt
