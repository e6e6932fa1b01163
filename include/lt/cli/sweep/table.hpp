// SPDX-License-Identifier: Apache-2.0
// The results of a sweep, side by side.
#pragma once

#include "lt/cli/sweep/trial.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::cli {

/// Rows of words; the first is the heading.
using Table = std::vector<std::vector<std::string>>;

namespace detail {

inline std::string short_number(double value) {
  std::array<char, 32> digits{};
  std::snprintf(digits.data(), digits.size(), "%.5g", value);
  return digits.data();
}

}  // namespace detail

/// Which of two trials stands first: the better one under the metric; then those that have no number
/// for it, then those that are not done; then in their order.
inline bool stands_before(const Trial& a, const Trial& b, std::string_view monitor, bool maximum) {
  const auto rank = [monitor](const Trial& trial) {
    const std::optional<double> value = metric_of(trial, monitor);
    return value && !std::isnan(*value) ? 0 : trial.done ? 1 : 2;
  };
  if (rank(a) != rank(b)) {
    return rank(a) < rank(b);
  }
  const double left = rank(a) == 0 ? *metric_of(a, monitor) : 0.0;
  const double right = rank(a) == 0 ? *metric_of(b, monitor) : 0.0;
  if (left != right) {
    return maximum ? left > right : left < right;
  }
  return a.index < b.index;
}

/// One row for each trial: number, options, state, the monitored metric, the others, seconds. With a
/// monitor the best comes first.
inline Table results_table(std::vector<Trial> trials, std::string_view monitor, bool maximum) {
  std::vector<std::string> metrics;
  if (!monitor.empty()) {
    metrics.emplace_back(monitor);
    std::sort(trials.begin(), trials.end(), [&](const Trial& a, const Trial& b) {
      return stands_before(a, b, monitor, maximum);
    });
  }
  for (const Trial& trial : trials) {
    for (const auto& [name, value] : trial.metrics) {
      if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) {
        metrics.push_back(name);
      }
    }
  }
  Table table(1);
  table[0] = {"trial"};
  for (const auto& [key, value] : trials.empty() ? Point() : trials[0].point) {
    table[0].push_back(key);
  }
  table[0].insert(table[0].end(), metrics.begin(), metrics.end());
  table[0].insert(table[0].end(), {"seconds", "state"});
  for (const Trial& trial : trials) {
    std::vector<std::string> row = {text(trial.index)};
    for (const auto& [key, value] : trial.point) {
      row.push_back(value);
    }
    for (const std::string& name : metrics) {
      const std::optional<double> value = metric_of(trial, name);
      row.push_back(value ? detail::short_number(*value) : "");
    }
    row.push_back(trial.done ? detail::short_number(trial.seconds) : "");
    row.push_back(trial.done ? "done" : trial.failure.empty() ? "not run" : trial.failure);
    table.push_back(std::move(row));
  }
  return table;
}

/// In columns, for a terminal.
inline std::string aligned(const Table& table) {
  std::vector<std::size_t> widths(table.empty() ? 0 : table[0].size());
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

/// As comma-separated values (RFC 4180).
inline std::string comma_separated(const Table& table) {
  std::string out;
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += i == 0 ? "" : ",";
      if (row[i].find_first_of(",\"\n") == std::string::npos) {
        out += row[i];
        continue;
      }
      out += '"';
      for (const char c : row[i]) {
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
      }
      out += '"';
    }
    out += '\n';
  }
  return out;
}

}  // namespace lt::cli
