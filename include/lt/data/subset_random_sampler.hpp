// SPDX-License-Identifier: Apache-2.0
// Some samples, shuffled.
#pragma once

#include "lt/data/rng.hpp"
#include "lt/data/sampler.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lt {

/// Where `SubsetRandomSampler` draws from; nothing means the default generator.
struct SubsetRandomSamplerOptions {
  std::optional<std::int64_t> seed{};        ///< an own generator with this seed
  std::optional<at::Generator> generator{};  ///< an own generator, as Python's `generator=`
};

/// The samples at the given indices in a new random order for each pass, the order of
/// `torch.utils.data.SubsetRandomSampler`.
class SubsetRandomSampler {
 public:
  explicit SubsetRandomSampler(std::vector<std::int64_t> indices,
                               const SubsetRandomSamplerOptions& options = {})
      : indices_(std::move(indices)),
        generator_(rng::choose_generator(options.seed, options.generator)) {}

  std::int64_t size(std::int64_t /*n*/) const {
    return static_cast<std::int64_t>(indices_.size());
  }

  void sample(std::int64_t n, std::vector<std::int64_t>& out) const {
    const at::Tensor order = rng::permutation(size(n), generator_);
    const std::int64_t* position = order.const_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < indices_.size(); ++i) {
      out.push_back(indices_[static_cast<std::size_t>(position[i])]);
    }
  }

  bool is_sequential() const { return false; }
  bool is_shuffled() const { return true; }

 private:
  std::vector<std::int64_t> indices_;
  std::optional<at::Generator> generator_;
};

}  // namespace lt
