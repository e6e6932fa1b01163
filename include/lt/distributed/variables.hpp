// SPDX-License-Identifier: Apache-2.0
// What launchers say in environment variables, read with errors that name the variable.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace lt::distributed {

/// The text of a variable; nothing if it is not there or empty.
inline std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}
inline bool has_variable(const char* name) { return variable(name).has_value(); }

/// A whole number from a variable, in [least, most]; nothing if there is no such variable.
/// Errors: lt::ConfigError (E513).
inline std::optional<std::int64_t> number_variable(
    const char* name, std::int64_t least = 0,
    std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  const std::optional<std::string> found = variable(name);
  if (!found) {
    return {};
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(found->data(), found->data() + found->size(), number);
  if (error != std::errc{} || end != found->data() + found->size() || number < least ||
      number > most) {
    throw ConfigError(text("lt[E513] ", std::string_view(name), " = \"", *found,
                           "\" in the environment; expected a whole number of ", least,
                           " or more, as the launcher sets it"));
  }
  return number;
}

/// The same where the launcher must have set it.
inline std::int64_t needed_number(const char* name, std::string_view launcher) {
  const std::optional<std::int64_t> found = number_variable(name);
  if (!found) {
    throw ConfigError(text("lt[E513] ", std::string_view(name), " is not in the environment; ",
                           launcher, " sets it for each process that it starts"));
  }
  return *found;
}

inline constexpr std::int64_t largest_port = 65535;
inline std::optional<std::uint16_t> port_variable(const char* name) {
  const auto found = number_variable(name, 1, largest_port);
  return found ? std::optional(static_cast<std::uint16_t>(*found)) : std::nullopt;
}

/// The port that is taken where a launcher names none.
/// Source: Lightning, plugins/environments/torchelastic.py.
inline constexpr std::uint16_t default_port = 12910;

}  // namespace lt::distributed
