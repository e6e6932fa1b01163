// SPDX-License-Identifier: Apache-2.0
// From the text of a configuration to values of the types that options have, and back.
#pragma once

#include "lt/cli/enumerators.hpp"
#include "lt/cli/node.hpp"
#include "lt/cli/yaml.hpp"
#include "lt/core/duration_text.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/core/yaml_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::cli {

/// How the reading of a value went.
enum class Reading : std::uint8_t { fine, wrong_type, out_of_range };

/// A text that stands for nothing.
inline bool is_null_text(const Node& node) {
  return node.is_null() || (node.is_scalar() && !node.quoted &&
                            (node.text == "null" || node.text == "~" || node.text.empty()));
}

namespace detail {

inline Reading read_bool(const Node& node, bool& out) {
  std::string word = node.is_scalar() ? node.text : std::string();
  for (char& c : word) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (word == "true" || word == "yes" || word == "on") {
    out = true;
  } else if (word == "false" || word == "no" || word == "off") {
    out = false;
  } else {
    return Reading::wrong_type;
  }
  return Reading::fine;
}

template <class Number>
Reading read_number(std::string_view word, Number& out) {
  if (word.starts_with('+')) {
    word.remove_prefix(1);
  }
  const auto result = std::from_chars(word.data(), word.data() + word.size(), out);
  if (result.ptr != word.data() + word.size() || result.ec == std::errc::invalid_argument) {
    return Reading::wrong_type;
  }
  return result.ec == std::errc() ? Reading::fine : Reading::out_of_range;
}

inline Reading read_int(const Node& node, std::int64_t& out) {
  return node.is_scalar() ? read_number(node.text, out) : Reading::wrong_type;
}

inline Reading read_double(const Node& node, double& out) {
  if (!node.is_scalar()) {
    return Reading::wrong_type;
  }
  std::string_view word = node.text;
  for (const std::string_view special : {".inf", "+.inf", "-.inf", ".nan"}) {  // as YAML has them
    if (word == special) {
      out = special == ".nan"
                ? std::numeric_limits<double>::quiet_NaN()
                : (special == "-.inf" ? -1.0 : 1.0) * std::numeric_limits<double>::infinity();
      return Reading::fine;
    }
  }
  return read_number(word, out);
}

inline Reading read_text(const Node& node, std::string& out) {
  if (!node.is_scalar()) {
    return Reading::wrong_type;
  }
  out = node.text;
  return Reading::fine;
}

/// Seconds, "DD:HH:MM:SS", "5 s" as `lt::text` writes it, or a map {days:, hours:, minutes:, ...}
/// as Python's timedelta takes it.
inline Reading read_duration(const Node& node, Duration& out) {
  if (node.is_map()) {
    constexpr std::pair<std::string_view, double> units[] = {
        {"weeks", 604800.0}, {"days", 86400.0}, {"hours", 3600.0},
        {"minutes", 60.0},   {"seconds", 1.0},  {"milliseconds", 1e-3}};
    double total = 0.0;
    for (std::size_t i = 0; i < node.names.size(); ++i) {
      double count = 0.0;
      const auto* unit = std::begin(units);
      while (unit != std::end(units) && unit->first != node.names[i]) {
        ++unit;
      }
      if (unit == std::end(units) || read_double(node.items[i], count) != Reading::fine) {
        return Reading::wrong_type;
      }
      total += count * unit->second;
    }
    out = Duration(total);
    return Reading::fine;
  }
  if (!node.is_scalar()) {
    return Reading::wrong_type;
  }
  if (node.text.find(':') != std::string::npos) {
    try {
      out = parse_duration(node.text);
      return Reading::fine;
    } catch (const ConfigError&) {
      return Reading::wrong_type;
    }
  }
  std::string_view word = node.text;
  if (word.ends_with(" s")) {
    word.remove_suffix(2);
  }
  double seconds = 0.0;
  const Reading reading = read_number(word, seconds);
  if (reading == Reading::fine) {
    out = Duration(seconds);
  }
  return reading;
}

// A whole number is a number of batches, one with a point a fraction.
template <class Limit>
Reading read_limit(const Node& node, Limit& out) {
  std::int64_t count = 0;
  const Reading reading = read_int(node, count);
  if (reading == Reading::fine) {
    out = Limit(count);
    return reading;
  }
  double fraction = 0.0;
  const Reading second = read_double(node, fraction);
  if (second == Reading::fine) {
    out = Limit(fraction);
  }
  return second;
}

/// The items of a list; on the command line it is written as YAML, `[1, 2]`.
inline bool read_items(const Node& node, std::vector<Node>& items) {
  if (node.is_list()) {
    items = node.items;
    return true;
  }
  if (!node.is_scalar() || !node.text.starts_with('[')) {
    return false;
  }
  Node parsed = parse_yaml(node.text, node.origin);
  items = std::move(parsed.items);
  return parsed.is_list();
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_text =
    std::same_as<T, Text> || std::same_as<T, std::string> || std::same_as<T, std::filesystem::path>;

}  // namespace detail

/// A type whose values can be written in a configuration. Others (functions, tensors) are set in
/// the program alone.
template <class T>
constexpr bool is_readable() {
  if constexpr (detail::is_optional<T> || detail::is_vector<T> || detail::is_array<T>) {
    return is_readable<typename T::value_type>();
  } else if constexpr (std::is_enum_v<T>) {
    return enumerator_count<T>() > 0;
  } else {
    return std::is_arithmetic_v<T> || detail::is_text<T> || std::same_as<T, Duration> ||
           std::same_as<T, BatchLimit> || std::same_as<T, Interval> || Reflected<T>;
  }
}

/// The type as help and errors name it: "int", "float or null", "{min, max}".
template <class T>
std::string type_text() {
  if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else if constexpr (std::integral<T>) {
    return "int";
  } else if constexpr (std::floating_point<T>) {
    return "float";
  } else if constexpr (std::is_enum_v<T>) {
    return "{" + join(enumerator_names<T>(), ",") + "}";
  } else if constexpr (detail::is_text<T>) {
    return "text";
  } else if constexpr (std::same_as<T, Duration>) {
    return "seconds or DD:HH:MM:SS";
  } else if constexpr (std::same_as<T, BatchLimit>) {
    return "int or fraction";
  } else if constexpr (std::same_as<T, Interval>) {
    return "int, fraction or DD:HH:MM:SS";
  } else if constexpr (detail::is_optional<T>) {
    return type_text<typename T::value_type>() + " or null";
  } else if constexpr (detail::is_vector<T>) {
    return "[" + type_text<typename T::value_type>() + ", ...]";
  } else if constexpr (detail::is_array<T>) {
    return text("[", type_text<typename T::value_type>(), ", ...] of ", std::tuple_size_v<T>);
  } else {
    return "map";
  }
}

template <class T>
Reading read_value(const Node& node, T& out);

namespace detail {

template <class T>
Reading read_items_of(const Node& node, T& out) {
  std::vector<Node> items;
  if (!read_items(node, items)) {
    return Reading::wrong_type;
  }
  if constexpr (is_vector<T>) {
    out.clear();
  } else if (items.size() != out.size()) {
    return Reading::wrong_type;
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    typename T::value_type value{};
    const Reading reading = read_value(items[i], value);
    if (reading != Reading::fine) {
      return reading;
    }
    if constexpr (is_vector<T>) {
      out.push_back(std::move(value));
    } else {
      out[i] = std::move(value);
    }
  }
  return Reading::fine;
}

template <class T>
Reading read_fields(const Node& node, T& out) {
  if (!node.is_map()) {
    return Reading::wrong_type;
  }
  std::size_t known = 0;
  Reading worst = Reading::fine;
  for_each_field(out, [&]<class Value>(std::string_view name, Value& field) {
    const Node* entry = node.find(name);
    if (entry == nullptr || worst != Reading::fine) {
      return;
    }
    ++known;
    if constexpr (is_readable<Value>()) {
      worst = read_value(*entry, field);
    } else {
      worst = Reading::wrong_type;
    }
  });
  return known == node.names.size() || worst != Reading::fine ? worst : Reading::wrong_type;
}

}  // namespace detail

/// Reads a value; nothing stands for the default of a type, and for an empty optional.
template <class T>
Reading read_value(const Node& node, T& out) {
  if constexpr (detail::is_optional<T>) {
    if (is_null_text(node)) {
      out.reset();
      return Reading::fine;
    }
    const Reading reading = read_value(node, out.emplace());
    if (reading != Reading::fine && node.is_scalar() && node.text == "none") {
      out.reset();  // what lt itself writes for an empty optional
      return Reading::fine;
    }
    return reading;
  } else if constexpr (std::same_as<T, bool>) {
    return detail::read_bool(node, out);
  } else if constexpr (std::integral<T>) {
    std::int64_t number = 0;
    const Reading reading = detail::read_int(node, number);
    if (reading == Reading::fine) {
      if (!std::in_range<T>(number)) {
        return Reading::out_of_range;
      }
      out = static_cast<T>(number);
    }
    return reading;
  } else if constexpr (std::floating_point<T>) {
    double number = 0.0;
    const Reading reading = detail::read_double(node, number);
    if (reading == Reading::fine) {
      out = static_cast<T>(number);
    }
    return reading;
  } else if constexpr (std::is_enum_v<T>) {
    return node.is_scalar() && find_enumerator(node.text, out) ? Reading::fine
                                                               : Reading::wrong_type;
  } else if constexpr (detail::is_text<T>) {
    std::string word;
    const Reading reading = detail::read_text(node, word);
    if (reading == Reading::fine) {
      out = T(word);
    }
    return reading;
  } else if constexpr (std::same_as<T, Duration>) {
    return detail::read_duration(node, out);
  } else if constexpr (std::same_as<T, Interval>) {
    Duration time{};
    const bool is_time =
        node.is_map() || (node.is_scalar() &&
                          (node.text.ends_with(" s") || node.text.find(':') != std::string::npos));
    if (is_time) {
      const Reading reading = detail::read_duration(node, time);
      if (reading == Reading::fine) {
        out = Interval(time);
      }
      return reading;
    }
    return detail::read_limit(node, out);
  } else if constexpr (std::same_as<T, BatchLimit>) {
    return detail::read_limit(node, out);
  } else if constexpr (detail::is_vector<T> || detail::is_array<T>) {
    return detail::read_items_of(node, out);
  } else {
    return detail::read_fields(node, out);
  }
}

/// The value as a configuration writes it: `read_value` of it gives the value again.
template <class T>
Node write_value(const T& value) {
  if constexpr (detail::is_optional<T>) {
    return value ? write_value(*value) : Node{};
  } else if constexpr (std::floating_point<T>) {
    return Node::scalar(yaml_number(static_cast<double>(value)));
  } else if constexpr (std::same_as<T, Duration>) {
    return Node::scalar(yaml_number(value.count()));
  } else if constexpr (std::same_as<T, Interval>) {
    return value.is_default() ? Node{} : Node::scalar(text(value));
  } else if constexpr (std::same_as<T, std::filesystem::path>) {
    return Node::scalar(value.string(), true);
  } else if constexpr (detail::is_text<T>) {
    return Node::scalar(std::string_view(value), true);
  } else if constexpr (std::is_enum_v<T>) {
    return Node::scalar(enumerator_name(value), true);
  } else if constexpr (detail::is_vector<T> || detail::is_array<T>) {
    Node list = Node::list();
    for (const auto& item : value) {
      list.items.push_back(write_value<typename T::value_type>(item));
    }
    return list;
  } else if constexpr (Reflected<T>) {
    Node map = Node::map();
    for_each_field(value, [&]<class Value>(std::string_view name, const Value& field) {
      if constexpr (is_readable<Value>()) {
        map.add(name, write_value(field));
      }
    });
    return map;
  } else {
    return Node::scalar(text(value));
  }
}

}  // namespace lt::cli
