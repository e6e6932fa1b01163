// SPDX-License-Identifier: Apache-2.0
// Options of `lt` from the JSON of a case, field by field through LT_REFLECT.
#pragma once

#include "errors.hpp"
#include "values.hpp"

#include "lt/core/duration_text.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/log_options.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/schedule_options.hpp"
#include "lt/core/score.hpp"
#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"
#include "lt/policies/callback/model_checkpoint_options.hpp"
#include "lt/policies/callback/prediction_writer.hpp"
#include "lt/policies/callback/stochastic_weight_averaging.hpp"
#include "lt/policies/callback/timer.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace conformance {

/// The enumerators that a text may name, and the error for any other text: where Lightning takes a
/// text, `lt` has an enumeration, so the driver reports that mistake.
template <class E>
struct EnumText {
  static constexpr std::array<E, 0> values{};  // not an option of Lightning's
  static constexpr const char* gist = "UNCLASSIFIED: an option that no case has";
};
template <>
struct EnumText<lt::Mode> {
  static constexpr std::array values{lt::Mode::min, lt::Mode::max};
  static constexpr const char* gist = "invalid_mode";
};
template <>
struct EnumText<lt::ReduceFx> {
  static constexpr std::array values{lt::ReduceFx::mean, lt::ReduceFx::sum, lt::ReduceFx::min,
                                     lt::ReduceFx::max};
  static constexpr const char* gist = "invalid_reduce_fx";
};
template <>
struct EnumText<lt::GradClipAlgorithm> {
  static constexpr std::array values{lt::GradClipAlgorithm::norm, lt::GradClipAlgorithm::value};
  static constexpr const char* gist = "invalid_clip_algorithm";
};
template <>
struct EnumText<lt::ScheduleInterval> {
  static constexpr std::array values{lt::ScheduleInterval::epoch, lt::ScheduleInterval::step};
  static constexpr const char* gist = "invalid_scheduler_interval";
};
template <>
struct EnumText<lt::WriteInterval> {
  static constexpr std::array values{lt::WriteInterval::batch, lt::WriteInterval::epoch,
                                     lt::WriteInterval::batch_and_epoch};
  static constexpr const char* gist = "UNCLASSIFIED: write_interval";
};
template <>
struct EnumText<lt::TimerInterval> {
  static constexpr std::array values{lt::TimerInterval::step, lt::TimerInterval::epoch};
  static constexpr const char* gist = "invalid_timer_interval";
};
template <>
struct EnumText<lt::AnnealingStrategy> {
  static constexpr std::array values{lt::AnnealingStrategy::cos, lt::AnnealingStrategy::linear};
  static constexpr const char* gist = "UNCLASSIFIED: annealing_strategy";
};

/// A number; "nan", "inf" and "-inf" are numbers too.
double read_number(const Json& json);

/// A span of time: "DD:HH:MM:SS", an object of units, or seconds.
lt::Duration read_duration(const Json& json);

/// The options of a log entry.
lt::LogOptions read_log_options(const Json& entry);

template <class T>
void read(const Json& json, T& out);

/// Sets the fields of `options` that `object` names, but those in `skipped`.
/// Errors: Unsupported for a key that is no field.
template <lt::Reflected T>
void read_fields(const Json& object, T& options,
                 std::initializer_list<std::string_view> skipped = {}) {
  for (const auto& [key, value] : object.items()) {
    bool known = false;
    for (const std::string_view other : skipped) {
      known = known || other == key;
    }
    if (known) {
      continue;
    }
    lt::for_each_field(options, [&](std::string_view name, auto& field) {
      if (name == key) {
        read(value, field);
        known = true;
      }
    });
    if (!known) {
      throw Unsupported("option " + key);
    }
  }
}

template <class T>
requires std::is_enum_v<T>
void read_enum(const Json& json, T& out) {
  for (const T value : EnumText<T>::values) {
    if (json == lt::enum_name(value)) {
      out = value;
      return;
    }
  }
  throw CaseError("MisconfigurationException", EnumText<T>::gist);
}

/// `save_last` is a truth value or "link".
inline void read_enum(const Json& json, lt::SaveLast& out) {
  out = json == "link" ? lt::SaveLast::link : json == true ? lt::SaveLast::yes : lt::SaveLast::none;
}

template <class T>
void read(const Json& json, T& out) {
  if constexpr (requires {
                  out.has_value();
                  out.emplace();
                }) {
    if (json.is_null()) {
      out.reset();
    } else {
      read(json, out.emplace());
    }
  } else if (json.is_null()) {
    return;  // Python's None where `lt` has a default
  } else if constexpr (std::same_as<T, lt::BatchLimit>) {
    out = json.is_number_integer() ? lt::BatchLimit(json.get<std::int64_t>())
                                   : lt::BatchLimit(json.get<double>());
  } else if constexpr (std::same_as<T, lt::Interval>) {
    if (json.is_number_integer()) {
      out = lt::Interval(json.get<std::int64_t>());
    } else {
      out = json.is_number() ? lt::Interval(json.get<double>()) : lt::Interval(read_duration(json));
    }
  } else if constexpr (std::same_as<T, lt::Duration>) {
    out = read_duration(json);
  } else if constexpr (std::is_enum_v<T>) {
    read_enum(json, out);
  } else if constexpr (std::same_as<T, bool>) {
    out = json.get<bool>();
  } else if constexpr (std::integral<T>) {
    out = json.is_boolean() ? static_cast<T>(json.get<bool>()) : json.get<T>();
  } else if constexpr (std::floating_point<T>) {
    out = read_number(json);
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, lt::Text>) {
    out = json.get<std::string>();
  } else if constexpr (requires { out.push_back(out[0]); }) {
    out.clear();
    for (const Json& item : json.is_array() ? json : Json::array({json})) {
      read(item, out.emplace_back());
    }
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      read(json.at(i), out[i]);
    }
  } else {
    read_fields(json, out);
  }
}

}  // namespace conformance
