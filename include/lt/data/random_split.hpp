// SPDX-License-Identifier: Apache-2.0
// Cutting a dataset into random parts.
#pragma once

#include "lt/data/index_tensor.hpp"
#include "lt/data/rng.hpp"
#include "lt/data/subset.hpp"

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Where `random_split` draws from; nothing means the default generator.
struct RandomSplitOptions {
  std::optional<std::int64_t> seed{};          ///< an own generator with this seed
  std::optional<at::Generator> generator{};    ///< an own generator, as Python's `generator=`
};

namespace detail {

/// The lengths that the fractions mean: floors, then the remainder one by one from the first.
/// Errors: `DataError` when a fraction is outside [0, 1] or their sum is not 1.
inline std::vector<std::int64_t> split_lengths(std::int64_t size,
                                               std::span<const double> fractions) {
  double sum = 0;
  std::vector<std::int64_t> lengths;
  std::int64_t left = size;
  for (const double fraction : fractions) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw DataError("random_split: fraction " + std::to_string(fraction) +
                      " is not between 0 and 1");
    }
    sum += fraction;
    lengths.push_back(static_cast<std::int64_t>(std::floor(static_cast<double>(size) * fraction)));
    left -= lengths.back();
  }
  if (std::abs(sum - 1) > 1e-9) {
    throw DataError("random_split: the fractions add up to " + std::to_string(sum) +
                    ", expected 1");
  }
  for (std::size_t part = 0; left > 0; part = (part + 1) % lengths.size(), --left) {
    ++lengths[part];
  }
  return lengths;
}

inline std::vector<std::vector<std::int64_t>> split_indices(
    std::int64_t size, std::span<const std::int64_t> lengths, const RandomSplitOptions& options) {
  std::int64_t sum = 0;
  for (const std::int64_t length : lengths) {
    if (length < 0) {
      throw DataError("random_split: length " + std::to_string(length) + " is negative");
    }
    sum += length;
  }
  if (sum != size) {
    throw DataError("random_split: the lengths add up to " + std::to_string(sum) +
                    ", expected the dataset's size " + std::to_string(size));
  }
  const at::Tensor order =
      rng::permutation(size, rng::choose_generator(options.seed, options.generator));
  const std::int64_t* next = order.const_data_ptr<std::int64_t>();
  std::vector<std::vector<std::int64_t>> parts;
  for (const std::int64_t length : lengths) {
    parts.emplace_back(next, next + length);
    next += length;
  }
  return parts;
}

}  // namespace detail

/// Parts of the given lengths without overlap, the same as `torch.utils.data.random_split` draws
/// after the same `manual_seed`.
/// Errors: `DataError` when the lengths do not add up to the dataset's size.
template <Dataset D>
std::vector<Subset<D>> random_split(D dataset, std::span<const std::int64_t> lengths,
                                    const RandomSplitOptions& options = {}) {
  const std::shared_ptr<const D> shared = detail::share(std::move(dataset));
  std::vector<Subset<D>> parts;
  for (auto& indices : detail::split_indices(shared->size(), lengths, options)) {
    parts.emplace_back(shared, std::move(indices));
  }
  return parts;
}

/// Parts by fractions that add up to 1; samples left over go to the first parts, one each.
template <Dataset D>
std::vector<Subset<D>> random_split(D dataset, std::span<const double> fractions,
                                    const RandomSplitOptions& options = {}) {
  const auto lengths = detail::split_lengths(dataset.size(), fractions);
  return random_split(std::move(dataset), std::span<const std::int64_t>(lengths), options);
}

/// `auto [train, val] = lt::random_split(dataset, {0.9, 0.1}, {.seed = 42});` with fractions, or
/// with lengths when the numbers are integers.
template <Dataset D, class Number, std::size_t N>
  requires std::integral<Number> || std::floating_point<Number>
std::array<Subset<D>, N> random_split(D dataset, const Number (&lengths)[N],
                                      const RandomSplitOptions& options = {}) {
  using Wide = std::conditional_t<std::integral<Number>, std::int64_t, double>;
  std::array<Wide, N> wide{};
  for (std::size_t i = 0; i < N; ++i) {
    wide[i] = static_cast<Wide>(lengths[i]);
  }
  auto parts = random_split(std::move(dataset), std::span<const Wide>(wide), options);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Subset<D>, N>{std::move(parts[I])...};
  }(std::make_index_sequence<N>{});
}

}  // namespace lt
