// SPDX-License-Identifier: Apache-2.0
// Spans of time as people write and read them.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/text.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lt {

/// Reads "DD:HH:MM:SS": days of any width, the others of two digits. Used for `Timer`'s duration
/// and the trainer's `max_time`.
///
/// Errors: lt::ConfigError that names `option` and the text found.
inline Duration parse_duration(std::string_view value, std::string_view option = "duration") {
  constexpr double seconds[] = {86400.0, 3600.0, 60.0, 1.0};
  double total = 0.0;
  std::string_view rest = value;
  bool valid = true;
  for (std::size_t i = 0; valid && i < 4; ++i) {
    const std::size_t end = i < 3 ? rest.find(':') : rest.size();
    const std::string_view field = rest.substr(0, end);
    std::int64_t number = 0;
    const auto result = std::from_chars(field.data(), field.data() + field.size(), number);
    valid = end != std::string_view::npos && !field.empty() && (i == 0 || field.size() == 2) &&
            field[0] != '-' && result.ec == std::errc() &&
            result.ptr == field.data() + field.size();
    total += static_cast<double>(number) * seconds[i];
    rest.remove_prefix(valid && i < 3 ? end + 1 : 0);
  }
  if (!valid) {
    throw ConfigError(text("lt[E330] ", option, " = '", value, "' is not a span of time; expected ",
                           "DD:HH:MM:SS, for example 00:12:00:00 for twelve hours"));
  }
  return Duration(total);
}

/// Whole seconds as `H:MM:SS`, with days before it if there are any.
inline std::string hours_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  const auto two = [](std::int64_t number) { return text(number < 10 ? "0" : "", number); };
  const std::int64_t days = whole / 86400;
  const std::string before = days == 0 ? "" : text(days, days == 1 ? " day, " : " days, ");
  return text(before, whole / 3600 % 24, ":", two(whole / 60 % 60), ":", two(whole % 60));
}

}  // namespace lt
