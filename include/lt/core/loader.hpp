// SPDX-License-Identifier: Apache-2.0
// What counts as a loader: something that yields the batches of an epoch, again for each epoch.
#pragma once

#include "lt/core/mistake.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace lt {

/// True for a type whose `begin()` starts a new pass each time although its iterators are single
/// pass. A type opts in with `using lt_loader = void;`, a foreign type by specialisation.
template <class T>
inline constexpr bool enable_loader = requires { typename T::lt_loader; };

/// A range of batches that can be walked once per epoch. Satisfied by containers, multi-pass
/// views and types that opt in through `enable_loader`.
template <class L>
concept RepeatableRange =
    std::ranges::forward_range<L> ||
    (std::ranges::input_range<L> && enable_loader<std::remove_cvref_t<L>>);

/// A callable without arguments that returns a fresh range of batches for each epoch.
template <class L>
concept EpochMaker = !std::ranges::range<L> && std::invocable<L&> &&
                     std::ranges::input_range<std::invoke_result_t<L&>>;

/// What `fit` and its companions take as data.
template <class L>
concept Loader = RepeatableRange<L> || EpochMaker<L>;

namespace detail {
template <class L, bool Repeatable>
struct RepeatableLoader {
  static_assert(Repeatable,
                "lt[E117] the loader is a single-pass range: from its second epoch on it would be "
                "silently empty; Fix: give a callable that returns a fresh range for each epoch, "
                "or say using lt_loader = void; in a class whose begin() starts a new pass");
};
template <class L, bool IsLoader>
struct IsALoader {
  static_assert(IsLoader,
                "lt[E118] this is not a loader; Fix: give a range of batches, or a callable "
                "without arguments that returns a range for each epoch");
};
}  // namespace detail

/// `L` is a loader. Errors: E117 for a single-pass range, E118 for what is no range of batches.
template <class L>
using loader_check =
    std::conditional_t<Loader<L>, Fine,
                       std::conditional_t<std::ranges::input_range<L>,
                                          Mistake<detail::RepeatableLoader<L, Loader<L>>>,
                                          Mistake<detail::IsALoader<L, Loader<L>>>>>;

/// The range that is walked in one epoch: a reference to the loader itself, or the fresh range
/// that an epoch maker returns.
template <Loader L>
decltype(auto) epoch_range(L& loader) {
  if constexpr (EpochMaker<L>) {
    return loader();
  } else {
    return static_cast<L&>(loader);
  }
}

/// The type of one batch of `L`.
template <Loader L>
using batch_of =
    std::ranges::range_value_t<std::remove_cvref_t<decltype(epoch_range(std::declval<L&>()))>>;

/// The number of batches per epoch, or nothing for a stream of unknown length.
template <Loader L>
std::optional<std::int64_t> loader_size(const L& loader) {
  if constexpr (requires { { loader.size() } -> std::convertible_to<std::optional<std::int64_t>>;
                           requires !std::integral<decltype(loader.size())>; }) {
    return loader.size();
  } else if constexpr (requires { { loader.size() } -> std::integral; }) {
    return static_cast<std::int64_t>(loader.size());
  } else if constexpr (std::ranges::sized_range<const L>) {
    return static_cast<std::int64_t>(std::ranges::size(loader));
  } else {
    return std::nullopt;
  }
}

}  // namespace lt
