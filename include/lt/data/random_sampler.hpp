// SPDX-License-Identifier: Apache-2.0
// Shuffling, in the very order of Python's torch.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/index_tensor.hpp"
#include "lt/data/rng.hpp"
#include "lt/data/sampler.hpp"

#include <ATen/ops/randint_ops.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `RandomSampler`.
struct RandomSamplerOptions {
  bool replacement = false;                    ///< a sample may come up again
  std::optional<std::int64_t> num_samples{};   ///< per pass; nothing: the dataset's size
  std::optional<std::int64_t> seed{};          ///< an own generator with this seed
  std::optional<at::Generator> generator{};    ///< an own generator, as Python's `generator=`
};

/// Samples at random. Without a generator of its own it draws a seed for each pass from the
/// default generator. Orders and draws equal those of `torch.utils.data.RandomSampler`, as do the
/// moments of the draws: each when its first index is asked for.
/// Errors: `DataError` when the dataset is empty or `num_samples` is less than 1.
class RandomSampler {
 public:
  explicit RandomSampler(RandomSamplerOptions options = {})
      : options_(std::move(options)),
        generator_(rng::choose_generator(options_.seed, options_.generator)) {}

  /// One pass; `next` appends a permutation, or up to 32 draws with replacement.
  class Pass {
   public:
    Pass(std::int64_t n, std::int64_t count, bool replacement,
         std::optional<at::Generator> generator)
        : n_(n), left_(count), replacement_(replacement), generator_(std::move(generator)) {}

    bool next(std::vector<std::int64_t>& out) {
      if (done_) {
        return false;
      }
      if (!generator_) {
        generator_ = rng::make_generator(rng::draw_seed(std::nullopt));
      }
      // A last piece is drawn even when nothing of it is left over, as in Python: it matters for
      // the state of a generator that is used again.
      const std::int64_t whole = replacement_ ? 32 : n_;
      const std::int64_t count = left_ < whole ? left_ : whole;
      done_ = left_ < whole;
      const at::Tensor piece = replacement_ ? draw(count) : rng::permutation(n_, generator_);
      const std::int64_t* indices = piece.const_data_ptr<std::int64_t>();
      out.insert(out.end(), indices, indices + count);
      left_ -= count;
      return true;
    }

   private:
    at::Tensor draw(std::int64_t count) const {
      const std::int64_t shape[] = {count};
      return at::_ops::randint_generator::call(n_, c10::fromIntArrayRefSlow(shape), generator_,
                                               at::kLong, {}, {}, {});
    }

    std::int64_t n_;
    std::int64_t left_;
    bool replacement_;
    std::optional<at::Generator> generator_;
    bool done_ = false;
  };

  std::int64_t size(std::int64_t n) const { return options_.num_samples.value_or(n); }

  Pass index_pass(std::int64_t n) const {
    validate(n);
    return Pass(n, size(n), options_.replacement, generator_);
  }

  void validate(std::int64_t n) const {
    if (n < 1) {
      throw DataError("RandomSampler: the dataset has " + std::to_string(n) +
                      " samples; shuffling needs at least 1");
    }
    if (size(n) < 1) {
      throw DataError("RandomSampler: num_samples is " + std::to_string(size(n)) +
                      "; expected 1 or more");
    }
  }

  bool is_sequential() const { return false; }
  bool is_shuffled() const { return true; }

 private:
  RandomSamplerOptions options_;
  std::optional<at::Generator> generator_;
};

}  // namespace lt
