// SPDX-License-Identifier: Apache-2.0
// Options from environment variables: PL_TRAINER_MAX_EPOCHS=3 stands for `.max_epochs = 3` where the
// program itself has left the option at its default.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"

#include <cctype>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace lt {

namespace detail {

// Each reads a text and says whether it could.
inline bool parse_option(std::string_view text, bool& out) {
  if (text == "true" || text == "True" || text == "1") {
    out = true;
  } else if (text == "false" || text == "False" || text == "0") {
    out = false;
  } else {
    return false;
  }
  return true;
}
template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) && (!std::same_as<Number, bool>)
bool parse_option(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}
inline bool parse_option(std::string_view text, Text& out) {
  out = Text(text);
  return true;
}
inline bool parse_option(std::string_view text, BatchLimit& out) {
  std::int64_t count = 0;
  double fraction = 0.0;
  if (parse_option(text, count)) {
    out = count;  // `1` is one batch, `1.0` all of them
  } else if (parse_option(text, fraction)) {
    out = fraction;
  } else {
    return false;
  }
  return true;
}
inline bool parse_option(std::string_view text, Interval& out) {
  std::int64_t count = 0;
  double fraction = 0.0;
  if (parse_option(text, count)) {
    out = count;
  } else if (parse_option(text, fraction)) {
    out = fraction;
  } else {
    return false;
  }
  return true;
}
inline bool parse_option(std::string_view text, Duration& out) {
  double seconds = 0.0;
  const bool ok = parse_option(text, seconds);
  out = Duration(seconds);
  return ok;
}
inline bool parse_option(std::string_view text, GradClipAlgorithm& out) {
  out = text == "value" ? GradClipAlgorithm::value : GradClipAlgorithm::norm;
  return text == "value" || text == "norm";
}
inline bool parse_option(std::string_view text, Compat& out) {
  out = text == "lightning" ? Compat::lightning : Compat::lt;
  return text == "lightning" || text == "lt";
}
template <class T>
bool parse_option(std::string_view text, std::optional<T>& out) {
  if (text == "None" || text == "none") {
    out.reset();
    return true;
  }
  T value = out.value_or(T{});
  const bool ok = parse_option(text, value);
  out = value;
  return ok;
}

template <class T>
bool same_option(const T& a, const T& b) {
  std::string left, right;
  append(left, a);
  append(right, b);
  return left == right;
}
template <class Rep, class Period>
bool same_option(const std::optional<std::chrono::duration<Rep, Period>>& a,
                 const std::optional<std::chrono::duration<Rep, Period>>& b) {
  return a == b;
}

}  // namespace detail

/// `options` with what PL_TRAINER_<OPTION> says for each option that is still at its default; an
/// empty variable says nothing. Errors: lt::ConfigError naming the variable and its value.
/// Source: Lightning, utilities/argparse.py, `_defaults_from_env_vars`.
inline TrainerOptions with_environment(TrainerOptions options) {
  TrainerOptions defaults;
  for_each_field_info<TrainerOptions>([&](const auto& field) {
    std::string variable = "PL_TRAINER_";
    for (const char c : field.name) {
      variable += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0' ||
        !detail::same_option(options.*(field.member), defaults.*(field.member))) {
      return;
    }
    if (!detail::parse_option(value, options.*(field.member))) {
      throw ConfigError(text("lt[E172] ", variable, " = \"", std::string_view(value),
                             "\" cannot be read; expected a value for ", field.name, ": ",
                             field.help));
    }
  });
  return options;
}

}  // namespace lt
