// SPDX-License-Identifier: Apache-2.0
// The name of a class as its author wrote it.
#pragma once

#include <cstddef>
#include <string_view>

namespace lt {

namespace detail {
template <class T>
constexpr std::string_view pretty_function() {
  return __PRETTY_FUNCTION__;  // g++ and clang: "... [with T = name; ...]", "... [T = name]"
}
}  // namespace detail

/// `T` with its namespaces, as the compiler spells it.
template <class T>
constexpr std::string_view full_type_name() {
  constexpr std::string_view text = detail::pretty_function<T>();
  constexpr std::size_t begin = text.find("T = ") + 4;
  constexpr std::size_t semicolon = text.find(';', begin);
  constexpr std::size_t end =
      semicolon == std::string_view::npos ? text.rfind(']') : semicolon;
  return text.substr(begin, end - begin);
}

/// `T` without namespaces: what Python's `type(x).__name__` says.
template <class T>
constexpr std::string_view type_name() {
  constexpr std::string_view full = full_type_name<T>();
  constexpr std::string_view stem = full.substr(0, full.find('<'));
  constexpr std::size_t colon = stem.rfind("::");
  return colon == std::string_view::npos ? full : full.substr(colon + 2);
}

}  // namespace lt
