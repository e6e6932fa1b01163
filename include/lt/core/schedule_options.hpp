// SPDX-License-Identifier: Apache-2.0
// When a learning-rate schedule moves.
#pragma once

#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lt {

enum class ScheduleInterval : std::uint8_t { epoch, step };

constexpr std::string_view enum_name(ScheduleInterval interval) {
  return interval == ScheduleInterval::epoch ? "epoch" : "step";
}

/// The entries of Lightning's scheduler dictionary.
struct ScheduleOptions {
  ScheduleInterval interval = ScheduleInterval::epoch;
  std::int64_t frequency = 1;
  Text monitor{};           // the metric of a ReduceLROnPlateau
  bool strict = true;       // a missing metric is an error, not a warning
  Text name{};              // for LearningRateMonitor
  std::size_t optimizer = 0;  // index of its optimizer, where schedules stand in a list of their own
};

}  // namespace lt

LT_REFLECT(lt::ScheduleOptions, (interval, "moves per epoch or per step"),
           (frequency, "moves every n-th time"),
           (monitor, "metric that decides (ReduceLROnPlateau)"),
           (strict, "a missing metric is an error"), (name, "name in the logs"),
           (optimizer, "index of its optimizer"))
