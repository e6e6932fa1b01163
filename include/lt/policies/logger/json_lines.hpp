// SPDX-License-Identifier: Apache-2.0
// The file behind JsonlLogger.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/logger/append_file.hpp"
#include "lt/policies/logger/file_logger.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lt::detail {

/// A text as JSON has it.
inline std::string json_string(std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Lines wait in memory until `flush`; a line is written whole or not at all.
class JsonLines {
 public:
  JsonLines(std::filesystem::path file, std::string_view prefix)
      : file_(std::move(file)), prefix_(prefix) {}

  void add(std::int64_t step, const MetricTable& metrics) {
    pending_ += text("{\"step\": ", step);
    for (const auto& [key, value] : metrics) {
      const std::string name = prefixed(prefix_, key);
      if (name != "step") {  // the record's own
        const std::string number = number_text(prefix_, name, value);
        pending_ += ", " + json_string(name) + ": " +
                    (std::isfinite(value) ? number : json_string(number));
      }
    }
    pending_ += "}\n";
    ++count_;
  }

  /// Errors: lt::Error lt[E347].
  void flush() {
    if (count_ == 0) {
      return;
    }
    if (!std::exchange(repaired_, true)) {
      cut_torn_line();
    }
    const std::string block = std::exchange(pending_, {});
    const std::size_t count = std::exchange(count_, 0);
    if (const auto why = append_or_nothing(file_, block)) {
      throw Error(text("lt[E347] JsonlLogger: cannot write '", file_.string(), "': ", *why,
                       "; lost ", count, count == 1 ? " record" : " records",
                       "; what was written before is whole"));
    }
  }

 private:
  // A crash may have left half a line.
  void cut_torn_line() const {
    std::error_code none;
    if (!std::filesystem::is_regular_file(file_, none)) {
      return;
    }
    std::ifstream in(file_, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    const std::size_t end = whole.rfind('\n') == std::string::npos ? 0 : whole.rfind('\n') + 1;
    if (end != whole.size()) {
      std::filesystem::resize_file(file_, end, none);
    }
  }

  std::filesystem::path file_;
  std::string prefix_;
  std::string pending_;
  std::size_t count_ = 0;
  bool repaired_ = false;
};

}  // namespace lt::detail
