// SPDX-License-Identifier: Apache-2.0
// What a sweep tries: a grid of values, or points drawn at random.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// Numbers from `low` to `high`, to be drawn from.
struct Range {
  double low = 0.0;
  double high = 1.0;
  bool whole = false;        ///< integers, `high` among them
  bool logarithmic = false;  ///< evenly in the logarithm
};

/// One option and what it may be: a list of values, or a range.
struct Axis {
  std::string key;
  std::vector<std::string> values{};
  std::optional<Range> range{};
};

/// The options of one trial, with their values, in the order of the axes.
using Point = std::vector<std::pair<std::string, std::string>>;

namespace detail {

// The parts between commas that stand outside of brackets and quotes.
inline std::vector<std::string> split_values(std::string_view all) {
  std::vector<std::string> parts(1);
  int depth = 0;
  char quote = '\0';
  for (const char c : all) {
    if (quote != '\0') {
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.emplace_back();
      continue;
    }
    parts.back() += c;
  }
  return parts;
}

inline std::optional<double> number_of(std::string_view word) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool all = error == std::errc() && end == word.data() + word.size();
  return all && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

inline bool is_whole(std::string_view word) {
  return word.find_first_not_of("+-0123456789") == std::string_view::npos;
}

// "1e-4..1e-1" or "1e-4..1e-1:log"; nothing if it is no range.
inline std::optional<Range> range_of(std::string_view word, std::string_view axis) {
  const std::size_t dots = word.find("..");
  if (dots == std::string_view::npos) {
    return std::nullopt;
  }
  constexpr std::string_view log = ":log";
  const bool logarithmic = word.ends_with(log);
  const std::string_view first = word.substr(0, dots);
  std::string_view last = word.substr(dots + 2);
  last.remove_suffix(logarithmic ? log.size() : 0);
  const auto low = number_of(first);
  const auto high = number_of(last);
  if (!low || !high) {
    return std::nullopt;  // a text with dots in it, as ../data
  }
  if (*low >= *high || (logarithmic && *low <= 0.0)) {
    throw ConfigError(text("lt[E841] ", axis, ": expected a range from a lower to a higher number",
                           logarithmic ? ", both above zero" : ""));
  }
  return Range{*low, *high, is_whole(first) && is_whole(last), logarithmic};
}

// A number in [0, 1) from the generator's own bits: distributions differ between libraries.
inline double uniform(std::mt19937_64& generator) {
  return static_cast<double>(generator() >> 11U) * 0x1p-53;
}

inline std::string draw_number(const Range& range, std::mt19937_64& generator) {
  const double high = range.whole ? range.high + 1.0 : range.high;
  const double u = uniform(generator);
  const double value = range.logarithmic
                           ? range.low * std::pow(high / range.low, u)
                           : range.low + (high - range.low) * u;
  std::array<char, 32> digits{};
  const auto end =
      range.whole ? std::to_chars(digits.data(), digits.data() + digits.size(),
                                  static_cast<std::int64_t>(
                                      std::min(std::floor(value), range.high)))
                  : std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                  std::chars_format::general, 6);
  return {digits.data(), end.ptr};
}

inline std::size_t pick(std::size_t count, std::mt19937_64& generator) {
  return std::min(count - 1,
                  static_cast<std::size_t>(uniform(generator) * static_cast<double>(count)));
}

}  // namespace detail

/// Reads "model.hidden=32,64,128" or "optimizer.lr=1e-4..1e-1:log".
/// Errors: lt::ConfigError (E840, E841).
inline Axis parse_axis(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size()) {
    throw ConfigError(text("lt[E840] '", word, "' says no option and its values; expected one as ",
                           "model.hidden=32,64,128 or optimizer.lr=1e-4..1e-1:log"));
  }
  Axis axis{.key = std::string(word.substr(0, equals))};
  axis.values = detail::split_values(word.substr(equals + 1));
  if (axis.values.size() == 1) {
    axis.range = detail::range_of(axis.values[0], word);
  }
  const auto empty = std::find(axis.values.begin(), axis.values.end(), "");
  if (empty != axis.values.end()) {
    throw ConfigError(text("lt[E840] '", word, "' has an empty value; expected words between its ",
                           "commas ('' is the empty text)"));
  }
  return axis;
}

/// How many points the grid has; 0 where an axis is a range.
inline std::size_t grid_size(const std::vector<Axis>& axes) {
  std::size_t size = 1;
  for (const Axis& axis : axes) {
    if (axis.range || size > std::numeric_limits<std::size_t>::max() / axis.values.size()) {
      return 0;
    }
    size *= axis.values.size();
  }
  return size;
}

/// All combinations; the last axis changes fastest.
/// Errors: lt::ConfigError (E842) where an axis is a range.
inline std::vector<Point> grid(const std::vector<Axis>& axes) {
  std::vector<Point> points(1);
  for (const Axis& axis : axes) {
    if (axis.range) {
      throw ConfigError(text("lt[E842] ", axis.key, " is a range, of which no grid can be made; ",
                             "expected --samples N or a list of values"));
    }
    std::vector<Point> longer;
    for (const Point& point : points) {
      for (const std::string& value : axis.values) {
        longer.push_back(point);
        longer.back().emplace_back(axis.key, value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

/// `samples` points at random, none twice; of a grid that has no more than that, the grid. The same
/// seed draws the same points.
inline std::vector<Point> draw(const std::vector<Axis>& axes, std::size_t samples,
                               std::uint64_t seed) {
  const std::size_t all = grid_size(axes);
  if (all != 0 && all <= samples) {
    return grid(axes);
  }
  std::mt19937_64 generator(seed);
  std::vector<Point> points;
  // A range of few integers may hold fewer points than are wanted.
  for (std::size_t tries = 0; points.size() < samples && tries < 100 * samples; ++tries) {
    Point point;
    for (const Axis& axis : axes) {
      point.emplace_back(axis.key, axis.range
                                       ? detail::draw_number(*axis.range, generator)
                                       : axis.values[detail::pick(axis.values.size(), generator)]);
    }
    if (std::find(points.begin(), points.end(), point) == points.end()) {
      points.push_back(std::move(point));
    }
  }
  return points;
}

}  // namespace lt::cli
