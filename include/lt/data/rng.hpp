// SPDX-License-Identifier: Apache-2.0
// The random generators that samplers, splits and transforms draw from.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/worker_info.hpp"
#include "lt/generator.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_ops.h>
#include <ATen/ops/random_ops.h>
#include <ATen/ops/randperm_ops.h>

#include <cstdint>
#include <optional>

namespace lt::rng {

/// A new CPU generator, equal to Python's `torch.Generator().manual_seed(seed)`.
inline at::Generator make_generator(std::int64_t seed) {
  return at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed));
}

/// The generator given, or one made from the seed given, or nothing (meaning the default one).
/// Errors: `ConfigError` when both are given.
inline std::optional<at::Generator> choose_generator(
    const std::optional<std::int64_t>& seed, const std::optional<at::Generator>& generator) {
  if (seed && generator) {
    throw ConfigError("both seed and generator are given: expected one of them");
  }
  return seed ? std::optional(make_generator(*seed)) : generator;
}

/// One 63-bit draw, by the very kernel of Python's `torch.empty((), dtype=int64).random_()`.
inline std::int64_t draw_seed(const std::optional<at::Generator>& generator) {
  at::Tensor cell =
      at::_ops::empty_memory_format::call({}, at::kLong, {}, {}, {}, std::nullopt);
  at::_ops::random_::call(cell, or_default(generator));
  return *cell.const_data_ptr<std::int64_t>();
}

/// `torch.randperm(n, generator=generator)`, int64 of shape [n].
inline at::Tensor permutation(std::int64_t n, const std::optional<at::Generator>& generator) {
  return at::_ops::randperm_generator::call(n, or_default(generator), at::kLong, {}, {}, {});
}

/// The generator a random transform should draw from: in a loader's worker thread its own, seeded
/// with the pass's base seed plus the worker's number, and elsewhere the default one. Results are
/// then the same in every run with the same seed and number of workers.
inline at::Generator current_generator() {
  const WorkerInfo* worker = get_worker_info();
  if (worker == nullptr) {
    return default_generator();
  }
  // One worker thread serves one worker for its whole life, so this needs no key.
  thread_local const at::Generator own =
      at::detail::createCPUGenerator(static_cast<std::uint64_t>(worker->seed));
  return own;
}

}  // namespace lt::rng
