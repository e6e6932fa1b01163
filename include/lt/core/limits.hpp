// SPDX-License-Identifier: Apache-2.0
// Limits and intervals that are a number of batches, a fraction of an epoch, or a span of time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

namespace lt {

/// A number of batches, or "without end" for a stream of unknown length.
class BatchCount {
 public:
  constexpr BatchCount() = default;
  constexpr BatchCount(std::int64_t count) : count_(count) {}  // NOLINT: counts are counts

  static constexpr BatchCount infinite() { return {std::numeric_limits<std::int64_t>::max()}; }

  constexpr bool is_infinite() const { return *this == infinite(); }
  constexpr std::int64_t value() const { return count_; }
  friend constexpr auto operator<=>(BatchCount, BatchCount) = default;

  void append_to(std::string& out) const {
    if (is_infinite()) {
      out += "inf";
    } else {
      append(out, count_);
    }
  }

 private:
  std::int64_t count_ = 0;
};

/// How much of a loader is used: `10` is ten batches, `0.5` half of them, `1.0` all, `1` one.
/// A number above 1 must be whole.
class BatchLimit {
 public:
  constexpr BatchLimit(std::integral auto count)  // NOLINT: written as a plain number
      : value_(static_cast<double>(count)), is_fraction_(false) {}
  constexpr BatchLimit(double value) : value_(value) {  // NOLINT
    is_fraction_ = value >= 0.0 && value <= 1.0;
  }

  /// Between 0 and 1, or a whole number.
  constexpr bool valid() const {
    return value_ >= 0.0 && (is_fraction_ || value_ == static_cast<double>(count()));
  }
  constexpr bool is_fraction() const { return is_fraction_; }
  constexpr bool is_zero() const { return value_ == 0.0; }
  constexpr double fraction() const { return value_; }
  constexpr std::int64_t count() const { return static_cast<std::int64_t>(value_); }
  friend constexpr bool operator==(BatchLimit, BatchLimit) = default;

  void append_to(std::string& out) const {
    append(out, value_);
    if (is_fraction_ && value_ == static_cast<double>(count())) {
      out += ".0";
    }
  }

 private:
  double value_ = 1.0;
  bool is_fraction_ = true;
};

/// A span of time in seconds, from std::chrono durations.
using Duration = std::chrono::duration<double>;

/// When something happens inside an epoch: after a number of batches, a fraction of the epoch, or
/// a span of time.
class Interval {
 public:
  /// The whole epoch, as if nothing had been said.
  constexpr Interval() = default;
  constexpr Interval(std::integral auto batches)  // NOLINT
      : limit_(batches), is_default_(false) {}
  constexpr Interval(double fraction) : limit_(fraction), is_default_(false) {}  // NOLINT
  template <class Rep, class Period>
  constexpr Interval(std::chrono::duration<Rep, Period> time)  // NOLINT
      : limit_(1.0), time_(time), is_time_(true), is_default_(false) {}

  constexpr bool valid() const { return is_time_ ? time_.count() >= 0.0 : limit_.valid(); }
  constexpr bool is_time() const { return is_time_; }
  constexpr bool is_default() const { return is_default_; }
  constexpr Duration time() const { return time_; }
  constexpr BatchLimit batches() const { return limit_; }

  void append_to(std::string& out) const {
    if (is_time_) {
      append(out, time_.count());
      out += " s";
    } else {
      limit_.append_to(out);
    }
  }

 private:
  BatchLimit limit_ = 1.0;
  Duration time_{};
  bool is_time_ = false;
  bool is_default_ = true;
};

/// How many of the `length` batches of a loader are used under `limit`. `option` names the limit
/// in the messages, for example "limit_train_batches".
///
/// Errors: lt::ConfigError when a fraction other than 1.0 meets a stream of unknown length, or
/// when a fraction leaves less than one batch.
/// Source: Lightning, trainer/connectors/data_connector.py, `_parse_num_batches`.
inline BatchCount apply_limit(BatchCount length, BatchLimit limit, std::string_view option) {
  if (length == BatchCount(0)) {
    return length;
  }
  if (!limit.is_fraction()) {
    return std::min(length, BatchCount(limit.count()));
  }
  if (length.is_infinite()) {
    if (limit.fraction() == 1.0 || limit.is_zero()) {
      return limit.is_zero() ? BatchCount(0) : length;
    }
    throw ConfigError(text("lt[E131] ", option, " = ", limit, " is a fraction, but the loader has no",
                           " known length; expected 1.0 or a whole number of batches"));
  }
  const auto count =
      static_cast<std::int64_t>(static_cast<double>(length.value()) * limit.fraction());
  if (count == 0 && limit.fraction() > 0.0) {
    throw ConfigError(text("lt[E132] ", option, " = ", limit, " of ", length,
                           " batches is less than one batch; expected at least ",
                           1.0 / static_cast<double>(length.value())));
  }
  return count;
}

}  // namespace lt
