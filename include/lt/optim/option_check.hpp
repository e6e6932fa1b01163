// SPDX-License-Identifier: Apache-2.0
// Checks of options: one line each, a ConfigError with the option, its value and what is allowed.
#pragma once

#include "lt/core/errors.hpp"

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace lt::optim::detail {

inline std::string text_of(std::string_view value) {
  return std::string("\"").append(value).append("\"");
}

inline std::string text_of(bool value) {
  return value ? "true" : "false";
}

template <class T>
requires(std::floating_point<T> || (std::integral<T> && !std::same_as<T, bool>))
std::string text_of(T value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  static_cast<void>(error);  // 32 characters hold every number
  return std::string(buffer, end);
}

/// Throws ConfigError unless `holds`: "Adam: lr = -1; expected 0 or more".
template <class T>
void require(bool holds, std::string_view owner, std::string_view option, const T& found,
             std::string_view expected) {
  if (!holds) {
    throw ConfigError(std::string(owner)
                          .append(": ")
                          .append(option)
                          .append(" = ")
                          .append(text_of(found))
                          .append("; expected ")
                          .append(expected));
  }
}

/// `require` for the many options that must not be negative (nor NaN).
inline void require_not_negative(std::string_view owner, std::string_view option, double found) {
  require(found >= 0.0, owner, option, found, "0 or more");
}

}  // namespace lt::optim::detail
