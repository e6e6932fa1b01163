// SPDX-License-Identifier: Apache-2.0
// Events of a profiler, summed up by name: the table that torch.profiler prints.
#pragma once

#include "lt/core/python_format.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/profiler/report.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::detail {

/// Time of each operator, with (`total`) and without (`self`) that of the operators it calls on its
/// thread.
class OperatorTable {
 public:
  void add(std::string operation, std::uint64_t thread, std::uint64_t start_ns,
           std::uint64_t end_ns) {
    events_.push_back({std::move(operation), thread, start_ns, std::max(start_ns, end_ns)});
  }

  /// Sums up what was added since the last round.
  void end_round() {
    std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return a.thread != b.thread  ? a.thread < b.thread
             : a.start != b.start ? a.start < b.start
                                  : a.end > b.end;
    });
    std::vector<const Event*> open;  // those around the next event
    for (const Event& event : events_) {
      while (!open.empty() &&
             (open.back()->thread != event.thread || open.back()->end <= event.start)) {
        open.pop_back();
      }
      const double duration = static_cast<double>(event.end - event.start);
      Row& row = rows_[event.operation];
      ++row.calls;
      row.total += duration;
      row.self += duration;
      if (!open.empty()) {
        rows_[open.back()->operation].self -= duration;
      }
      open.push_back(&event);
    }
    events_.clear();
  }

  /// The `limit` operators (-1: all) with the longest total time.
  std::string table(std::int64_t limit) const {
    std::vector<std::pair<std::string, Row>> rows(rows_.begin(), rows_.end());
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.second.total != b.second.total ? a.second.total > b.second.total
                                              : a.first < b.first;
    });
    double all = 0.0;
    std::size_t width = std::string_view("Name").size();
    for (const auto& [operation, row] : rows) {
      all += row.self;
    }
    if (limit >= 0) {
      rows.resize(std::min(rows.size(), static_cast<std::size_t>(limit)));
    }
    for (const auto& [operation, row] : rows) {
      width = std::max(width, operation.size());
    }
    std::string out = right("Name", width);
    for (const std::string_view title : {"Self CPU %", "Self CPU", "CPU total %", "CPU total",
                                         "CPU time avg", "# of Calls"}) {
      out += right(title, 14);
    }
    out += "\n";
    for (const auto& [operation, row] : rows) {
      const auto share = [&](double ns) {
        return python_format(all > 0.0 ? 100.0 * ns / all : 0.0, ".2f") + "%";
      };
      out += right(operation, width);
      for (const std::string& cell :
           {share(row.self), time(row.self), share(row.total), time(row.total),
            time(row.total / static_cast<double>(row.calls)), text(row.calls)}) {
        out += right(cell, 14);
      }
      out += "\n";
    }
    return out + "Self CPU time total: " + time(all) + "\n";
  }

 private:
  struct Event {
    std::string operation;
    std::uint64_t thread = 0;
    std::uint64_t start = 0;  // nanoseconds
    std::uint64_t end = 0;
  };
  struct Row {
    double self = 0.0;  // nanoseconds
    double total = 0.0;
    std::int64_t calls = 0;
  };

  static std::string time(double ns) {
    return ns >= 1e9   ? python_format(ns / 1e9, ".3f") + "s"
           : ns >= 1e6 ? python_format(ns / 1e6, ".3f") + "ms"
                       : python_format(ns / 1e3, ".3f") + "us";
  }

  std::vector<Event> events_;
  std::map<std::string, Row> rows_;
};

}  // namespace lt::detail
