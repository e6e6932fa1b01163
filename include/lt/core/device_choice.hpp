// SPDX-License-Identifier: Apache-2.0
// Which devices of a machine a run uses, as people write it: all, a number of them, or a list.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Devices of one machine, in Lightning's forms: "auto" (or -1) is all of them, `2` the first two,
/// `{0, 2}` those two, and the same as texts ("2", "0,2"). `{2}` is a list: device 2 alone.
class Devices {
 public:
  enum class Kind : std::uint8_t { all, count, list };

  Devices() = default;
  /// A number of devices, -1 for all. Errors: lt::ConfigError (E880) for other numbers below 1.
  Devices(std::integral auto count) {  // NOLINT: written as a plain number
    set_count(static_cast<std::int64_t>(count));
  }
  /// These devices, by index. Errors: lt::ConfigError (E881) for one named twice, or below 0.
  Devices(std::initializer_list<std::int64_t> list) : Devices(std::vector<std::int64_t>(list)) {}
  Devices(std::vector<std::int64_t> list) {  // NOLINT
    set_list(std::move(list));
  }
  /// Errors: lt::ConfigError (E882) for a text that is none of these.
  Devices(std::string_view text) { parse(text); }                        // NOLINT
  Devices(const char* text) : Devices(std::string_view(text)) {}         // NOLINT
  Devices(const std::string& text) : Devices(std::string_view(text)) {}  // NOLINT

  Kind kind() const { return kind_; }
  friend bool operator==(const Devices&, const Devices&) = default;

  /// The indices of the devices, on a machine that has `available`. `what` names them in messages.
  /// Errors: lt::ConfigError (E883) for more devices than there are, or an index that is not there.
  std::vector<std::int64_t> indices(std::int64_t available, std::string_view what) const {
    if (kind_ == Kind::list) {
      for (const std::int64_t index : list_) {
        if (index >= available) {
          throw ConfigError(text("lt[E883] devices = ", *this, ": there is no ", what, " device ",
                                 index, "; expected indices below ", available));
        }
      }
      return list_;
    }
    const std::int64_t count = kind_ == Kind::all ? available : count_;
    if (count > available) {
      throw ConfigError(text("lt[E883] devices = ", *this, ", but there are ", available, " ", what,
                             " devices; expected at most that many"));
    }
    std::vector<std::int64_t> out;
    for (std::int64_t index = 0; index < count; ++index) {
      out.push_back(index);
    }
    return out;
  }

  void append_to(std::string& out) const {
    if (kind_ == Kind::all) {
      out += "auto";
    } else if (kind_ == Kind::count) {
      append(out, count_);
    } else {
      append(out, list_);
    }
  }

 private:
  void set_count(std::int64_t count) {
    if (count == -1) {
      return;
    }
    if (count < 1) {
      throw ConfigError(text("lt[E880] devices = ", count,
                             "; expected 1 or more, -1 for all, or a list of indices"));
    }
    kind_ = Kind::count;
    count_ = count;
  }

  void set_list(std::vector<std::int64_t> list) {
    kind_ = Kind::list;
    list_ = std::move(list);
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const auto begin = list_.begin();
      const auto here = begin + static_cast<std::ptrdiff_t>(i);
      if (list_[i] < 0 || std::find(begin, here, list_[i]) != here) {
        throw ConfigError(text("lt[E881] devices = ", list_, ": found ", list_[i],
                               list_[i] < 0 ? "" : " twice",
                               "; expected indices from 0, each once"));
      }
    }
    if (list_.empty()) {
      throw ConfigError("lt[E881] devices = []; expected at least one index");
    }
  }

  void parse(std::string_view given) {
    if (given == "auto") {
      return;
    }
    std::vector<std::int64_t> numbers;
    std::string_view rest = given;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      numbers.push_back(number(trimmed(rest.substr(0, comma)), given));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    if (numbers.empty()) {
      refuse(given);
    } else if (given.find(',') == given.npos) {
      set_count(numbers[0]);
    } else {
      set_list(std::move(numbers));
    }
  }

  static std::int64_t number(std::string_view text, std::string_view given) {
    std::int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) {
      refuse(given);
    }
    return value;
  }
  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
      text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
      text.remove_suffix(1);
    }
    return text;
  }
  [[noreturn]] static void refuse(std::string_view given) {
    throw ConfigError(text("lt[E882] devices = \"", given,
                           "\"; expected \"auto\", a number (\"2\"), or indices (\"0,2\")"));
  }

  Kind kind_ = Kind::all;
  std::int64_t count_ = 0;
  std::vector<std::int64_t> list_;
};

/// The device of one rank among those of its machine: the first for the first rank, and so on.
/// Where a launcher shows each rank one device alone, that one. Errors: lt::ConfigError (E884) for
/// a rank without a device.
inline std::int64_t device_of_rank(const Devices& devices, std::int64_t available,
                                   std::int64_t local_rank, std::string_view what) {
  const std::vector<std::int64_t> indices = devices.indices(available, what);
  if (available == 1 && devices.kind() == Devices::Kind::all) {
    return 0;
  }
  if (local_rank < 0 || local_rank >= static_cast<std::int64_t>(indices.size())) {
    throw ConfigError(text("lt[E884] local rank ", local_rank, " has no ", what,
                           " device of its own: devices = ", devices, " are ", indices,
                           "; expected one for each rank of the machine"));
  }
  return indices[static_cast<std::size_t>(local_rank)];
}

}  // namespace lt
