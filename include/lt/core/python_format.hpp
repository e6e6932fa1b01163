// SPDX-License-Identifier: Apache-2.0
// Numbers and texts as Python writes them: file names, CSV cells and state keys are Lightning's to
// the character.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace lt {

/// A Python number: an `int` or a `float`.
using PythonNumber = std::variant<std::int64_t, double>;

namespace detail {

/// The significant digits of a finite number, without its sign: 0.digits * 10^point.
struct Decimal {
  std::string digits;
  int point = 0;
};

/// `precision` digits, or as many as identify the number if negative. Rounds half to even on the
/// exact binary value, as Python does.
inline Decimal decimal_of(double magnitude, int precision) {
  std::string buffer(precision < 0 ? 64 : static_cast<std::size_t>(precision) + 64, '\0');
  char* const first = buffer.data();
  char* const last = first + buffer.size();
  const auto result =
      precision < 0
          ? std::to_chars(first, last, magnitude, std::chars_format::scientific)
          : std::to_chars(first, last, magnitude, std::chars_format::scientific, precision - 1);
  buffer.resize(static_cast<std::size_t>(result.ptr - first));
  const std::size_t e = buffer.find('e');
  Decimal out;
  out.digits = buffer.substr(0, e);
  std::erase(out.digits, '.');
  out.point = std::atoi(buffer.c_str() + e + 1) + 1;
  return out;
}

/// `1.5e-07`, or `0.00015`; `dot_zero` writes a whole number as `1.0`.
inline std::string write_decimal(const Decimal& decimal, bool exponent, bool dot_zero) {
  const std::string& digits = decimal.digits;
  const int count = static_cast<int>(digits.size());
  const int point = exponent ? 1 : decimal.point;
  std::string out;
  if (point <= 0) {
    out = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else if (point >= count) {
    out = digits + std::string(static_cast<std::size_t>(point - count), '0');
    if (dot_zero && !exponent) {
      out += ".0";
    }
  } else {
    out = digits.substr(0, static_cast<std::size_t>(point)) + "." +
          digits.substr(static_cast<std::size_t>(point));
  }
  if (exponent) {
    const int power = decimal.point - 1;
    out += power < 0 ? "e-" : "e+";
    out += std::abs(power) < 10 ? "0" : "";
    out += std::to_string(std::abs(power));
  }
  return out;
}

inline std::string general(double magnitude, int precision, bool dot_zero) {
  precision = std::max(precision, 1);
  Decimal decimal = decimal_of(magnitude, precision);
  while (decimal.digits.size() > 1 && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
  }
  const bool exponent =
      magnitude != 0.0 && (decimal.point <= -4 || decimal.point > precision - (dot_zero ? 1 : 0));
  return write_decimal(decimal, exponent, dot_zero);
}

inline std::string shortest(double magnitude) {
  if (std::isnan(magnitude)) {
    return "nan";
  }
  if (std::isinf(magnitude)) {
    return "inf";
  }
  const Decimal decimal = decimal_of(magnitude, -1);
  return write_decimal(decimal, magnitude != 0.0 && (decimal.point <= -4 || decimal.point > 16),
                       true);
}

inline std::string plain(double magnitude, std::chars_format format, int precision) {
  std::string buffer(static_cast<std::size_t>(precision) + 400, '\0');
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, format, precision);
  buffer.resize(static_cast<std::size_t>(result.ptr - buffer.data()));
  return buffer;
}

/// `[[fill]align][sign][0][width][.precision][type]`
struct FormatSpec {
  char fill = ' ';
  char align = '>';
  char sign = '-';
  std::size_t width = 0;
  int precision = -1;
  char type = '\0';

  explicit FormatSpec(std::string_view spec) {
    const std::string_view whole = spec;
    const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
    const auto number = [&](std::size_t& out) {
      const auto result = std::from_chars(spec.data(), spec.data() + spec.size(), out);
      const bool found = result.ptr != spec.data();
      spec.remove_prefix(static_cast<std::size_t>(result.ptr - spec.data()));
      return found && result.ec == std::errc() && out <= 1000;
    };
    bool aligned = false;
    bool filled = false;
    if (spec.size() >= 2 && is_align(spec[1])) {
      fill = spec[0];
      align = spec[1];
      aligned = filled = true;
      spec.remove_prefix(2);
    } else if (!spec.empty() && is_align(spec[0])) {
      align = spec[0];
      aligned = true;
      spec.remove_prefix(1);
    }
    if (!spec.empty() && (spec[0] == '+' || spec[0] == '-' || spec[0] == ' ')) {
      sign = spec[0];
      spec.remove_prefix(1);
    }
    if (!spec.empty() && spec[0] == '0') {
      fill = filled ? fill : '0';
      align = aligned ? align : '=';
      spec.remove_prefix(1);
    }
    bool valid = true;
    if (!spec.empty() && spec[0] >= '0' && spec[0] <= '9') {
      valid = number(width);
    }
    if (valid && !spec.empty() && spec[0] == '.') {
      spec.remove_prefix(1);
      std::size_t digits = 0;
      valid = number(digits);
      precision = static_cast<int>(digits);
    }
    if (valid && !spec.empty()) {
      type = spec[0];
      spec.remove_prefix(1);
    }
    if (!valid || !spec.empty() ||
        (type != '\0' && std::string_view("deEfFgG%").find(type) == std::string_view::npos)) {
      throw ConfigError(text("lt[E310] the number format '", whole,
                             "' is not understood; expected ",
                             "[[fill]align][sign][0][width][.precision][d, e, f, g or %], for ",
                             "example '.2f' or '02d'"));
    }
  }
};

}  // namespace detail

/// Python's `repr` of a float: the shortest text that reads back as the same number.
inline std::string python_repr(double value) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  return (negative ? "-" : "") + detail::shortest(std::fabs(value));
}

/// Python's `repr` of a text: in quotes, with escapes. Bytes above ASCII stay as they are.
inline std::string python_repr(std::string_view value) {
  const bool has_single = value.find('\'') != std::string_view::npos;
  const bool has_double = value.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out(1, quote);
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + quote;
}

/// Python's `repr` of a `datetime.timedelta`: `datetime.timedelta(seconds=90)`.
inline std::string python_repr(std::chrono::duration<double> value) {
  const auto total = static_cast<std::int64_t>(std::nearbyint(value.count() * 1e6));
  constexpr std::int64_t day = 86'400'000'000;
  const std::int64_t days = total / day - (total % day < 0 ? 1 : 0);
  const std::int64_t rest = total - days * day;
  const std::pair<std::string_view, std::int64_t> parts[] = {
      {"days", days}, {"seconds", rest / 1'000'000}, {"microseconds", rest % 1'000'000}};
  std::string out;
  for (const auto& [name, count] : parts) {
    if (count != 0) {
      out += text(out.empty() ? "" : ", ", name, "=", count);
    }
  }
  return text("datetime.timedelta(", out.empty() ? "0" : out, ")");
}

/// Python's `format(value, spec)` for numbers: fill, align, sign, `0`, width, precision and the
/// types d, e, f, g and %.
///
/// Errors: lt::ConfigError for a format that is not understood, and where Python refuses too: `d`
/// for a float, a precision for an int.
inline std::string python_format(PythonNumber number, std::string_view spec) {
  const detail::FormatSpec format(spec);
  const auto* const whole = std::get_if<std::int64_t>(&number);
  std::string digits;
  bool negative = false;
  if (whole != nullptr && (format.type == 'd' || format.type == '\0')) {
    if (format.precision >= 0) {
      throw ConfigError(text("lt[E311] the number format '", spec,
                             "' gives a precision to the whole", " number ", *whole,
                             "; expected a type such as 'f' behind it"));
    }
    negative = *whole < 0;
    digits = text(*whole).substr(negative ? 1 : 0);
  } else {
    const double value = whole != nullptr ? static_cast<double>(*whole) : std::get<double>(number);
    negative = std::signbit(value) && !std::isnan(value);
    const double magnitude = std::fabs(format.type == '%' ? value * 100.0 : value);
    const int precision = format.precision < 0 ? 6 : format.precision;
    switch (format.type) {
      case 'd':
        throw ConfigError(text("lt[E312] the number format '", spec,
                               "' is for whole numbers; found ", python_repr(value),
                               "; expected for example '.2f'"));
      case '\0':
        digits = format.precision < 0 || !std::isfinite(value)
                     ? detail::shortest(magnitude)
                     : detail::general(magnitude, precision, true);
        break;
      case 'e':
      case 'E':
        digits = detail::plain(magnitude, std::chars_format::scientific, precision);
        break;
      case 'g':
      case 'G':
        digits = std::isfinite(value) ? detail::general(magnitude, precision, false)
                                      : detail::shortest(magnitude);
        break;
      default:
        digits = detail::plain(magnitude, std::chars_format::fixed, precision);
    }
    if (format.type == 'E' || format.type == 'F' || format.type == 'G') {
      for (char& c : digits) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      }
    }
    digits += format.type == '%' ? "%" : "";
  }
  const std::string sign = negative ? "-" : format.sign == '-' ? "" : std::string(1, format.sign);
  const std::size_t size = sign.size() + digits.size();
  const std::size_t pad = format.width > size ? format.width - size : 0;
  const std::size_t before = format.align == '<' ? 0 : format.align == '^' ? pad / 2 : pad;
  if (format.align == '=') {
    return sign + std::string(pad, format.fill) + digits;
  }
  return std::string(before, format.fill) + sign + digits + std::string(pad - before, format.fill);
}

}  // namespace lt
