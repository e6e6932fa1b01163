// SPDX-License-Identifier: Apache-2.0
// The enumerators of an enumeration, found by how the compiler spells its values.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::cli {

namespace detail {

// "lt::Mode::min"; for a number without an enumerator "(lt::Mode)7", whence the empty text.
template <auto Value>
constexpr std::string_view spelled_enumerator() {
  constexpr std::string_view all = __PRETTY_FUNCTION__;
  constexpr std::size_t begin = all.find("Value = ") + 8;
  constexpr std::size_t semicolon = all.find(';', begin);
  constexpr std::size_t end = semicolon == std::string_view::npos ? all.rfind(']') : semicolon;
  constexpr std::string_view name = all.substr(begin, end - begin);
  constexpr std::size_t last = name.find_last_not_of("0123456789-");
  if (last == std::string_view::npos || name[last] == ')') {
    return {};
  }
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

template <class E, std::size_t... Is>
constexpr auto spelled_enumerators(std::index_sequence<Is...>) {
  return std::array<std::string_view, sizeof...(Is)>{spelled_enumerator<static_cast<E>(Is)>()...};
}

inline constexpr std::size_t most_enumerators = 16;

template <class E>
inline constexpr auto enumerators =
    spelled_enumerators<E>(std::make_index_sequence<most_enumerators>{});

}  // namespace detail

/// How many enumerators have a value below 16.
template <class E>
constexpr std::size_t enumerator_count() {
  std::size_t count = 0;
  for (const std::string_view name : detail::enumerators<E>) {
    count += name.empty() ? 0 : 1;
  }
  return count;
}

/// The name of a value: what `enum_name` says, or else the enumerator.
template <class E>
std::string_view enumerator_name(E value) {
  if constexpr (requires { std::string_view(enum_name(value)); }) {
    return enum_name(value);
  } else {
    const auto number = static_cast<std::size_t>(value);
    return number < detail::most_enumerators ? detail::enumerators<E>[number] : "?";
  }
}

template <class E>
std::vector<std::string> enumerator_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < detail::most_enumerators; ++i) {
    if (!detail::enumerators<E>[i].empty()) {
      names.emplace_back(enumerator_name(static_cast<E>(i)));
    }
  }
  return names;
}

/// Reads a name: that of `enum_name`, or the enumerator's. False if there is none.
template <class E>
bool find_enumerator(std::string_view name, E& out) {
  for (std::size_t i = 0; i < detail::most_enumerators; ++i) {
    const std::string_view spelled = detail::enumerators<E>[i];
    if (!spelled.empty() && (name == spelled || name == enumerator_name(static_cast<E>(i)))) {
      out = static_cast<E>(i);
      return true;
    }
  }
  return false;
}

}  // namespace lt::cli
