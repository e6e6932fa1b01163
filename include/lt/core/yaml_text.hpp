// SPDX-License-Identifier: Apache-2.0
// Small YAML files in the form of PyYAML's `yaml.dump`: keys sorted, block style. A text is quoted
// whenever it could read as something else.
#pragma once

#include "lt/core/hyper_params.hpp"
#include "lt/core/python_format.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lt {

/// A float in YAML 1.1: `1.0e-05` (a number needs its dot there), `.inf`, `.nan`.
inline std::string yaml_number(double value) {
  if (std::isnan(value)) {
    return ".nan";
  }
  if (std::isinf(value)) {
    return value < 0.0 ? "-.inf" : ".inf";
  }
  std::string out = python_repr(value);
  const std::size_t e = out.find('e');
  if (e != std::string::npos && out.find('.') == std::string::npos) {
    out.insert(e, ".0");
  }
  return out;
}

/// A text, in quotes where it would read as something else.
inline std::string yaml_string(std::string_view value) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    std::string out = "\"";
    for (const char c : value) {
      constexpr std::string_view hex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (c == '\n') {
        out += "\\n";
      } else if (c == '\t') {
        out += "\\t";
      } else if (c == '\r') {
        out += "\\r";
      } else if (is_control(c)) {
        out += "\\x";
        out += hex[byte >> 4U];
        out += hex[byte & 15U];
      } else {
        out += c;
      }
    }
    return out + "\"";
  }
  constexpr std::string_view words[] = {"true", "false", "yes",  "no", "on", "off",
                                        "y",    "n",     "null", "~",  "=",  "<<"};
  std::string lower(value);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool word = std::find(std::begin(words), std::end(words), lower) != std::end(words);
  const bool like_number =
      !value.empty() &&
      std::string_view("0123456789.+-").find(value[0]) != std::string_view::npos &&
      value.find_first_not_of("0123456789.+-_:eExXabcdefinfanABCDEFINFAN") ==
          std::string_view::npos;
  const bool indicator =
      value.empty() || value.front() == ' ' || value.back() == ' ' || value.back() == ':' ||
      std::string_view("#,[]{}&*!|>'\"%@`").find(value[0]) != std::string_view::npos ||
      ((value[0] == '-' || value[0] == '?' || value[0] == ':') &&
       (value.size() == 1 || value[1] == ' ')) ||
      value.find(": ") != std::string_view::npos || value.find(" #") != std::string_view::npos ||
      value.starts_with("---") || value.starts_with("...");
  if (!word && !like_number && !indicator) {
    return std::string(value);
  }
  std::string out = "'";
  for (const char c : value) {
    out += c == '\'' ? "''" : std::string(1, c);
  }
  return out + "'";
}

namespace detail {

inline void write_yaml(std::string& out, const HyperValue& value, std::size_t indent);

// Entries of a map, each on lines of its own; the first without its indent if `in_line`.
inline void write_yaml_map(std::string& out, HyperParams entries, std::size_t indent,
                           bool in_line) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const auto& [name, value] : entries) {
    out += std::string(in_line ? 0 : indent, ' ') + yaml_string(name) + ":";
    in_line = false;
    write_yaml(out, value, indent);
  }
}

// What follows `name:`, up to and with the line's end.
inline void write_yaml(std::string& out, const HyperValue& value, std::size_t indent) {
  if (const auto* map = std::get_if<HyperParams>(&value.value)) {
    out += map->empty() ? " {}\n" : "\n";
    write_yaml_map(out, *map, indent + 2, false);
  } else if (const auto* list = std::get_if<HyperValue::List>(&value.value)) {
    out += list->empty() ? " []\n" : "\n";
    for (const HyperValue& item : *list) {
      out += std::string(indent, ' ') + "-";
      const auto* inner = std::get_if<HyperParams>(&item.value);
      if (inner != nullptr && !inner->empty()) {
        out += " ";
        write_yaml_map(out, *inner, indent + 2, true);
      } else {
        write_yaml(out, item, indent + 2);
      }
    }
  } else if (const auto* flag = std::get_if<bool>(&value.value)) {
    out += *flag ? " true\n" : " false\n";
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.value)) {
    out += text(" ", *whole, "\n");
  } else if (const auto* number = std::get_if<double>(&value.value)) {
    out += " " + yaml_number(*number) + "\n";
  } else if (const auto* string = std::get_if<std::string>(&value.value)) {
    out += " " + yaml_string(*string) + "\n";
  } else {
    out += " null\n";
  }
}

}  // namespace detail

/// The whole file.
inline std::string yaml_text(const HyperParams& entries) {
  std::string out;
  detail::write_yaml_map(out, entries, 0, false);
  return out.empty() ? "{}\n" : out;
}

}  // namespace lt
