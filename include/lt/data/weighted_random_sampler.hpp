// SPDX-License-Identifier: Apache-2.0
// Samples drawn with given weights.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/index_tensor.hpp"
#include "lt/data/rng.hpp"
#include "lt/data/sampler.hpp"

#include <ATen/ops/multinomial_ops.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `WeightedRandomSampler`.
struct WeightedRandomSamplerOptions {
  std::int64_t num_samples = 0;              ///< per pass; must be given
  bool replacement = true;                   ///< a sample may come up again
  std::optional<std::int64_t> seed{};        ///< an own generator with this seed
  std::optional<at::Generator> generator{};  ///< an own generator, as Python's `generator=`
};

/// Draws sample `i` with a probability proportional to `weights[i]`, in the order of
/// `torch.utils.data.WeightedRandomSampler`.
/// Errors: `ConfigError` when `num_samples` is less than 1 or, without replacement, more than
/// there are weights; `DataError` when there are more weights than samples.
class WeightedRandomSampler {
 public:
  WeightedRandomSampler(std::span<const double> weights, WeightedRandomSamplerOptions options)
      : options_(std::move(options)),
        generator_(rng::choose_generator(options_.seed, options_.generator)),
        weights_(empty_tensor({static_cast<std::int64_t>(weights.size())}, at::kDouble)) {
    std::ranges::copy(weights, weights_.mutable_data_ptr<double>());
    if (options_.num_samples < 1) {
      throw ConfigError("WeightedRandomSampler: num_samples is " +
                        std::to_string(options_.num_samples) + "; expected 1 or more");
    }
    if (!options_.replacement && options_.num_samples > weights_.size(0)) {
      throw ConfigError("WeightedRandomSampler: num_samples is " +
                        std::to_string(options_.num_samples) + "; expected at most " +
                        std::to_string(weights_.size(0)) +
                        ", the number of weights, without replacement");
    }
  }

  WeightedRandomSampler(const std::vector<double>& weights, WeightedRandomSamplerOptions options)
      : WeightedRandomSampler(std::span<const double>(weights), std::move(options)) {}

  std::int64_t size(std::int64_t /*n*/) const { return options_.num_samples; }

  void sample(std::int64_t /*n*/, std::vector<std::int64_t>& out) const {
    const at::Tensor drawn = at::_ops::multinomial::call(weights_, options_.num_samples,
                                                         options_.replacement, generator_);
    const std::int64_t* indices = drawn.const_data_ptr<std::int64_t>();
    out.insert(out.end(), indices, indices + options_.num_samples);
  }

  void validate(std::int64_t n) const {
    if (weights_.size(0) > n) {
      throw DataError("WeightedRandomSampler: " + std::to_string(weights_.size(0)) +
                      " weights for a dataset of " + std::to_string(n) + " samples");
    }
  }

  bool is_sequential() const { return false; }
  bool is_shuffled() const { return true; }

 private:
  WeightedRandomSamplerOptions options_;
  std::optional<at::Generator> generator_;
  at::Tensor weights_;
};

}  // namespace lt
