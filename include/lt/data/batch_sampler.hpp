// SPDX-License-Identifier: Apache-2.0
// Cutting the indices of a sampler into batches.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/sampler.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `BatchSampler`.
struct BatchSamplerOptions {
  std::int64_t batch_size = 1;
  bool drop_last = false;  ///< leave out a last batch that is not full
};

namespace detail {

// One pass over a sampler's indices in batches. It asks the sampler for more only when a batch
// cannot be filled, which is when Python's does.
template <class IndexPass>
class BatchPass {
 public:
  BatchPass(IndexPass pass, BatchSamplerOptions options)
      : pass_(std::move(pass)), options_(options) {}

  /// Replaces `batch` by the next batch; false at the end.
  bool next(std::vector<std::int64_t>& batch) {
    batch.clear();
    take(options_.batch_size, batch);
    if (batch.empty() ||
        (options_.drop_last && std::ssize(batch) < options_.batch_size)) {
      batch.clear();
      return false;
    }
    return true;
  }

  /// Leaves out the next `count` samples.
  void skip(std::int64_t count) {
    std::vector<std::int64_t> skipped;
    take(count, skipped);
  }

 private:
  // Appends up to `count` indices.
  void take(std::int64_t count, std::vector<std::int64_t>& to) {
    while (count > 0) {
      if (next_ == std::ssize(piece_)) {
        piece_.clear();
        next_ = 0;
        if (!pass_.next(piece_)) {
          return;
        }
        continue;
      }
      const std::int64_t some = std::min<std::int64_t>(count, std::ssize(piece_) - next_);
      to.insert(to.end(), piece_.begin() + next_, piece_.begin() + next_ + some);
      next_ += some;
      count -= some;
    }
  }

  IndexPass pass_;
  BatchSamplerOptions options_;
  std::vector<std::int64_t> piece_;  // what the sampler gave last
  std::ptrdiff_t next_ = 0;          // the first index in it that is not used yet
};

// A pass over a custom sampler that writes all its batches down at once.
template <class S>
class EagerBatchPass {
 public:
  EagerBatchPass(S& sampler, std::int64_t n) : sampler_(&sampler), n_(n) {}

  bool next(std::vector<std::int64_t>& batch) {
    if (!drawn_) {
      drawn_ = true;
      sampler_->sample(n_, batches_);
    }
    if (next_ == batches_.size()) {
      return false;
    }
    batch = std::move(batches_[next_++]);
    return true;
  }

 private:
  S* sampler_;
  std::int64_t n_;
  std::vector<std::vector<std::int64_t>> batches_;
  std::size_t next_ = 0;
  bool drawn_ = false;
};

/// The number of batches that `samples` make.
inline std::int64_t batch_count(std::int64_t samples, BatchSamplerOptions options) {
  return (options.drop_last ? samples : samples + options.batch_size - 1) / options.batch_size;
}

/// A pass in batches over a sampler of any form; `options` is for those that give indices.
template <Sampler S>
auto batch_pass(S& sampler, std::int64_t n, BatchSamplerOptions options) {
  if constexpr (requires { sampler.batch_pass(n); }) {
    return sampler.batch_pass(n);
  } else if constexpr (BatchIndexSampler<S>) {
    return EagerBatchPass<S>(sampler, n);
  } else {
    return BatchPass(index_pass(sampler, n), options);
  }
}

}  // namespace detail

/// The indices of another sampler in batches, as `torch.utils.data.BatchSampler`. A loader makes
/// one by itself from its `batch_size` and `drop_last`.
/// Errors: `ConfigError` when `batch_size` is less than 1.
template <IndexSampler S>
class BatchSampler {
 public:
  BatchSampler(S sampler, BatchSamplerOptions options)
      : sampler_(std::move(sampler)), options_(options) {
    if (options.batch_size < 1) {
      throw ConfigError("BatchSampler: batch_size is " + std::to_string(options.batch_size) +
                        "; expected 1 or more");
    }
  }

  /// The number of batches of a pass over `n` samples.
  std::int64_t size(std::int64_t n) const {
    return detail::batch_count(sampler_.size(n), options_);
  }

  auto batch_pass(std::int64_t n) {
    return detail::BatchPass(detail::index_pass(sampler_, n), options_);
  }

  const S& sampler() const { return sampler_; }

  /// The same batches of another sampler's indices.
  template <IndexSampler Other>
  BatchSampler<Other> with_sampler(Other other) const {
    return {std::move(other), options_};
  }

  void set_epoch(std::int64_t epoch) { detail::set_epoch(sampler_, epoch); }
  void validate(std::int64_t n) const { detail::validate_sampler(sampler_, n); }
  bool is_sequential() const { return detail::is_sequential(sampler_); }
  bool is_shuffled() const { return detail::is_shuffled(sampler_); }
  bool is_distributed() const { return detail::is_distributed(sampler_); }

 private:
  S sampler_;
  BatchSamplerOptions options_;
};

}  // namespace lt
