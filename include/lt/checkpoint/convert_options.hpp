// SPDX-License-Identifier: Apache-2.0
// The types that options and states of `lt` are made of, in a checkpoint.
#pragma once

#include "lt/checkpoint/convert.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/metric_table.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <ratio>
#include <string>

namespace lt::checkpoint {

/// A whole number, or infinity, as in Lightning.
template <>
struct Convert<BatchCount> {
  static Value to(BatchCount x) {
    return x.is_infinite() ? Value(std::numeric_limits<double>::infinity()) : Value(x.value());
  }
  static void from(const Value& value, BatchCount& x, Fields, const Path& path) {
    if (value.kind() == Kind::number &&
        value.as<double>() == std::numeric_limits<double>::infinity()) {
      x = BatchCount::infinite();
    } else {
      x = value.as<std::int64_t>(path);
    }
  }
};

/// A fraction is a floating-point number, a number of batches a whole one.
template <>
struct Convert<BatchLimit> {
  static Value to(BatchLimit x) {
    return x.is_fraction() || !x.valid() ? Value(x.fraction()) : Value(x.count());
  }
  static void from(const Value& value, BatchLimit& x, Fields, const Path& path) {
    x = value.kind() == Kind::integer ? BatchLimit(value.as<std::int64_t>())
                                      : BatchLimit(value.as<double>(path));
  }
};

/// As BatchLimit; a span of time is `{"seconds": 1.5}`.
template <>
struct Convert<Interval> {
  static Value to(const Interval& x) {
    return x.is_time() ? Value(Dict{{"seconds", x.time().count()}})
                       : Convert<BatchLimit>::to(x.batches());
  }
  static void from(const Value& value, Interval& x, Fields fields, const Path& path) {
    if (value.is_dict()) {
      const Key seconds("seconds");
      const Path below(path, seconds);
      x = Duration(value.child(seconds, below).as<double>(below));
      return;
    }
    BatchLimit limit(1.0);
    Convert<BatchLimit>::from(value, limit, fields, path);
    x = limit.is_fraction() ? Interval(limit.fraction()) : Interval(limit.count());
  }
};

/// Spans of time are seconds.
template <class Rep, class Period>
struct Convert<std::chrono::duration<Rep, Period>> {
  static Value to(std::chrono::duration<Rep, Period> x) { return Duration(x).count(); }
  static void from(const Value& value, std::chrono::duration<Rep, Period>& x, Fields,
                   const Path& path) {
    x = std::chrono::duration_cast<std::chrono::duration<Rep, Period>>(
        Duration(value.as<double>(path)));
  }
};

template <>
struct Convert<MetricTable> {
  static Value to(const MetricTable& x) {
    Dict dict;
    for (const auto& [name, number] : x) {
      dict[name] = number;
    }
    return dict;
  }
  static void from(const Value& value, MetricTable& x, Fields, const Path& path) {
    x.clear();
    for (const Entry& entry : value.as<Dict>(path)) {
      x.set(lt::text(entry.key), entry.value.as<double>(Path(path, entry.key)));
    }
  }
};

template <>
struct Convert<std::filesystem::path> {
  static Value to(const std::filesystem::path& x) { return x.string(); }
  static void from(const Value& value, std::filesystem::path& x, Fields, const Path& path) {
    x = value.as<std::string>(path);
  }
};

}  // namespace lt::checkpoint
