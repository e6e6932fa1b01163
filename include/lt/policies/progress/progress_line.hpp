// SPDX-License-Identifier: Apache-2.0
// The text of a progress bar.
#pragma once

#include "lt/core/duration_text.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lt {

/// Everything that one redraw shows.
struct ProgressLine {
  std::string description;            // "Epoch 2/5"
  std::int64_t done = 0;              // batches
  std::optional<std::int64_t> total;  // nothing for a stream of unknown length
  double seconds = 0.0;               // since the first batch
  std::string version;                // "v_num: 0 "; may be empty
};

namespace detail {

inline std::string bar_text(const ProgressLine& line, bool unicode) {
  constexpr std::size_t cells = 20;
  const auto total = static_cast<double>(std::max<std::int64_t>(*line.total, 1));
  const double share = std::clamp(static_cast<double>(line.done) / total, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  std::string out;
  for (std::size_t i = 0; i < cells; ++i) {
    out += i < full ? (unicode ? "━" : "=") : (unicode ? "─" : "-");
  }
  return out;
}

inline std::string metrics_text(const ProgressLine& line, const MetricTable& metrics) {
  std::string out = line.version;
  for (const auto& [name, value] : metrics) {
    out += text(out.empty() ? "" : " ", name, ": ", python_format(value, ".3f"));
  }
  return out;
}

}  // namespace detail

/// `Epoch 2/5 ━━━━━───── 40/45 0:00:01 • 0:00:00 312.20it/s v_num: 0 train_loss: 0.123`: time gone
/// and time left, batches per second, metrics.
inline std::string progress_text(const ProgressLine& line, const MetricTable& metrics,
                                 bool unicode = true) {
  const double rate = line.seconds > 0.0 ? static_cast<double>(line.done) / line.seconds : 0.0;
  std::string left = "-:--:--";
  if (line.total && rate > 0.0) {
    left =
        hours_text(static_cast<double>(std::max<std::int64_t>(*line.total - line.done, 0)) / rate);
  }
  std::string out = line.description;
  out += line.total ? " " + detail::bar_text(line, unicode) : "";
  out += text(" ", line.done, "/", line.total ? text(*line.total) : "--");
  out += text(" ", hours_text(line.seconds), unicode ? " • " : " - ", left);
  out += text(" ", python_format(rate, ".2f"), "it/s");
  const std::string values = detail::metrics_text(line, metrics);
  return values.empty() ? out : text(out, " ", values);
}

/// The same without a bar, for a log file: `Epoch 2/5: 45/45 0:00:01 312.20it/s train_loss: 0.123`.
inline std::string plain_progress_text(const ProgressLine& line, const MetricTable& metrics) {
  const double rate = line.seconds > 0.0 ? static_cast<double>(line.done) / line.seconds : 0.0;
  std::string out =
      text(line.description, ": ", line.done, "/", line.total ? text(*line.total) : "--", " ",
           hours_text(line.seconds), " ", python_format(rate, ".2f"), "it/s");
  const std::string values = detail::metrics_text(line, metrics);
  return values.empty() ? out : text(out, " ", values);
}

/// The first `columns` characters of a UTF-8 text.
inline std::string_view first_columns(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t column = 0; at < text.size(); ++at) {
    const bool begins_character = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U;
    if (begins_character && column++ == columns) {
      break;
    }
  }
  return text.substr(0, at);
}

}  // namespace lt
