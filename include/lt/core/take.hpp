// SPDX-License-Identifier: Apache-2.0
// Constructors that take their parts in any order.
#pragma once

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// The argument number `Nth` of type `T`, moved out of it; `T{}` where fewer were given.
template <class T, std::size_t Nth = 0>
T take() {
  return T{};
}
template <class T, std::size_t Nth = 0, class First, class... Rest>
T take(First& first, Rest&... rest) {
  if constexpr (!std::same_as<T, std::remove_cvref_t<First>>) {
    return take<T, Nth>(rest...);
  } else if constexpr (Nth > 0) {
    return take<T, Nth - 1>(rest...);
  } else {
    return T(std::move(first));
  }
}

namespace detail {

// How many of `Ps` before number I have its type.
template <std::size_t I, class... Ps>
constexpr std::size_t count_before() {
  using T = std::tuple_element_t<I, std::tuple<Ps...>>;
  [[maybe_unused]] std::size_t place = 0;
  std::size_t count = 0;
  ((count += place++ < I && std::same_as<T, Ps> ? 1 : 0), ...);
  return count;
}

template <class... Ps, std::size_t... I, class... Given>
std::tuple<Ps...> take_parts(std::index_sequence<I...>, Given&... given) {
  return std::tuple<Ps...>(take<Ps, count_before<I, Ps...>()>(given...)...);
}

}  // namespace detail

/// Each part is the argument of its type that has its turn: the first for the first, and so on.
template <class... Ps, class... Given>
std::tuple<Ps...> take_parts(Given&... given) {
  return detail::take_parts<Ps...>(std::index_sequence_for<Ps...>{}, given...);
}

}  // namespace lt
