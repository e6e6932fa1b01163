// SPDX-License-Identifier: Apache-2.0
// Hyper-parameters as loggers and checkpoints get them: names with values of a few kinds.
#pragma once

#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt {

struct HyperParam;

/// An ordered map of hyper-parameters.
using HyperParams = std::vector<HyperParam>;

/// Nothing, a truth value, a number, a text, a list, or further hyper-parameters.
struct HyperValue {
  using List = std::vector<HyperValue>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, HyperParams> value;
};

/// One hyper-parameter.
struct HyperParam {
  std::string name;
  HyperValue value;
};

bool operator==(const HyperParam& a, const HyperParam& b);
inline bool operator==(const HyperValue& a, const HyperValue& b) {
  return a.value == b.value;
}
inline bool operator==(const HyperParam& a, const HyperParam& b) {
  return a.name == b.name && a.value == b.value;
}

/// The hyper-parameters of a reflected aggregate.
template <Reflected T>
HyperParams hyper_params(const T& options);

/// One value: reflected aggregates become maps, ranges lists, enumerations their names, an empty
/// optional nothing, and everything else what `lt::text` writes for it.
template <class T>
HyperValue hyper_value(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return {value};
  } else if constexpr (std::integral<T>) {
    return {static_cast<std::int64_t>(value)};
  } else if constexpr (std::floating_point<T>) {
    return {static_cast<double>(value)};
  } else if constexpr (Reflected<T>) {
    return {hyper_params(value)};
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return {std::string(std::string_view(value))};
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? hyper_value(*value) : HyperValue{};
  } else if constexpr (std::is_enum_v<T> || requires(std::string& out) { value.append_to(out); }) {
    return {text(value)};
  } else if constexpr (requires {
                         value.count();
                         typename T::rep;
                       }) {
    return {static_cast<double>(value.count())};  // a span of time
  } else {
    HyperValue::List list;
    for (const auto& item : value) {
      list.push_back(hyper_value(item));
    }
    return {std::move(list)};
  }
}

template <Reflected T>
HyperParams hyper_params(const T& options) {
  HyperParams out;
  for_each_field(options, [&](std::string_view name, const auto& field) {
    out.push_back({std::string(name), hyper_value(field)});
  });
  return out;
}

}  // namespace lt
