// SPDX-License-Identifier: Apache-2.0
// Reads tuner.json, which record.py wrote.
#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace test {

/// The recorded cases of one kind.
inline nlohmann::json recorded(std::string_view kind) {
  std::ifstream file("tests/recorded/tuner/tuner.json");
  return nlohmann::json::parse(file).at(kind);
}

/// A number, or nothing for null.
template <class T>
std::optional<T> number(const nlohmann::json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<T>());
}

/// Numbers, with NaN for null.
inline std::vector<double> numbers(const nlohmann::json& list) {
  std::vector<double> out;
  for (const auto& value : list) {
    out.push_back(number<double>(value).value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return out;
}

}  // namespace test
