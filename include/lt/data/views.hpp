// SPDX-License-Identifier: Apache-2.0
// Loaders as pipelines:
//
//   records | ranges::views::transform(augment) | lt::views::shuffle({.buffer = 1000})
//           | lt::views::batch(32) | lt::views::prefetch(2)
//
// Works with ranges of the standard library, of range-v3 (included by who uses it), containers,
// and loaders. A container named on the left is referred to, not copied.
#pragma once

#include "lt/core/loader.hpp"
#include "lt/data/batch_view.hpp"
#include "lt/data/loader_ref.hpp"
#include "lt/data/prefetch_view.hpp"
#include "lt/data/shuffle_view.hpp"

#include <concepts>
#include <cstdint>
#include <ranges>
#include <type_traits>
#include <utility>

namespace lt {
namespace detail {

// What a pipeline holds of its left side: views and temporaries themselves, others by reference.
template <class R>
auto hold(R&& range) {
  using Plain = std::remove_cvref_t<R>;
  static_assert(Loader<Plain>,
                "a pipeline starts from a range that can be walked once per epoch; this one is "
                "single pass; Fix: give a callable that returns a fresh range for each epoch");
  if constexpr (!std::is_lvalue_reference_v<R> || std::ranges::view<Plain> || EpochMaker<Plain>) {
    return Plain(std::forward<R>(range));
  } else {
    return LoaderRef(range);
  }
}

template <class C>
struct BatchStage {
  std::int64_t batch_size;
  bool drop_last;
  C collate;

  template <class R>
  auto operator()(R&& range) const {
    auto held = hold(std::forward<R>(range));
    return BatchView<decltype(held), C>(std::move(held), batch_size, drop_last, collate);
  }
};

struct ShuffleStage {
  ShuffleOptions options;

  template <class R>
  auto operator()(R&& range) const {
    auto held = hold(std::forward<R>(range));
    return ShuffleView<decltype(held)>(std::move(held), options);
  }
};

struct PrefetchStage {
  std::int64_t depth;

  template <class R>
  auto operator()(R&& range) const {
    auto held = hold(std::forward<R>(range));
    return PrefetchView<decltype(held)>(std::move(held), depth);
  }
};

template <class T>
inline constexpr bool is_stage = false;
template <class C>
inline constexpr bool is_stage<BatchStage<C>> = true;
template <>
inline constexpr bool is_stage<ShuffleStage> = true;
template <>
inline constexpr bool is_stage<PrefetchStage> = true;

// In the namespace of the stages, so that it is found for ranges of any namespace.
template <class R, class Stage>
  requires is_stage<Stage>
auto operator|(R&& range, const Stage& stage) {
  return stage(std::forward<R>(range));
}

}  // namespace detail

// The standard library's transform and its references keep what they stand on.
template <class V, class F>
inline constexpr bool enable_loader<std::ranges::transform_view<V, F>> = RepeatableRange<V>;
template <class L>
inline constexpr bool enable_loader<std::ranges::ref_view<L>> = RepeatableRange<L>;
template <class L>
inline constexpr bool enable_loader<std::ranges::owning_view<L>> = RepeatableRange<L>;

namespace views {

/// Every `batch_size` samples as one batch, made by `collate`.
template <class C = DefaultCollate>
auto batch(std::int64_t batch_size, bool drop_last = false, C collate = {}) {
  return detail::BatchStage<C>{batch_size, drop_last, std::move(collate)};
}

/// Random order within a buffer.
inline auto shuffle(ShuffleOptions options = {}) { return detail::ShuffleStage{options}; }

/// Random order within a buffer, the same in every run with this seed.
inline auto shuffle(std::int64_t seed) { return detail::ShuffleStage{{.seed = seed}}; }

/// Up to `depth` elements in advance, made by a background thread.
inline auto prefetch(std::int64_t depth) { return detail::PrefetchStage{depth}; }

}  // namespace views
}  // namespace lt
