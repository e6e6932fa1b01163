// SPDX-License-Identifier: Apache-2.0
// The sampler of a loader that was not given one.
#pragma once

#include "lt/data/distributed_sampler.hpp"
#include "lt/data/random_sampler.hpp"
#include "lt/data/sampler.hpp"

#include <concepts>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace lt {

/// In order, shuffled or one rank's share, chosen at run time from a closed list: `shuffle` is an
/// option, and a trainer puts in the distributed sampler without changing the loader's type.
class DefaultSampler {
 public:
  DefaultSampler() = default;
  DefaultSampler(SequentialSampler sampler) : choice_(sampler) {}           // NOLINT: a choice
  DefaultSampler(RandomSampler sampler) : choice_(std::move(sampler)) {}    // NOLINT
  DefaultSampler(DistributedSampler sampler) : choice_(sampler) {}          // NOLINT

  class Pass {
   public:
    template <class IndexPass>
    explicit Pass(IndexPass pass) : pass_(std::move(pass)) {}

    bool next(std::vector<std::int64_t>& out) {
      return std::visit([&](auto& pass) { return pass.next(out); }, pass_);
    }

   private:
    std::variant<detail::EagerPass<SequentialSampler>, RandomSampler::Pass,
                 detail::EagerPass<DistributedSampler>>
        pass_;
  };

  std::int64_t size(std::int64_t n) const {
    return std::visit([&](const auto& sampler) { return sampler.size(n); }, choice_);
  }

  Pass index_pass(std::int64_t n) {
    return std::visit([&](auto& sampler) { return Pass(detail::index_pass(sampler, n)); },
                      choice_);
  }

  void set_epoch(std::int64_t epoch) {
    std::visit([&](auto& sampler) { detail::set_epoch(sampler, epoch); }, choice_);
  }

  void validate(std::int64_t n) const {
    std::visit([&](const auto& sampler) { detail::validate_sampler(sampler, n); }, choice_);
  }

  bool is_sequential() const { return std::holds_alternative<SequentialSampler>(choice_); }
  bool is_distributed() const { return std::holds_alternative<DistributedSampler>(choice_); }
  bool is_shuffled() const {
    const auto* distributed = std::get_if<DistributedSampler>(&choice_);
    return distributed != nullptr ? distributed->is_shuffled() : !is_sequential();
  }

 private:
  std::variant<SequentialSampler, RandomSampler, DistributedSampler> choice_;
};

}  // namespace lt
