// SPDX-License-Identifier: Apache-2.0
// SimpleProfiler: how often each action ran, and how long it took.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/profiler.hpp"
#include "lt/policies/profiler/report.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lt {

/// Lightning's arguments of `SimpleProfiler`.
struct SimpleProfilerOptions {
  Text dirpath{};
  Text filename{};
  bool extended = true;
};

}  // namespace lt

LT_REFLECT(lt::SimpleProfilerOptions,
           (dirpath, "folder of the report; default: that of the first logger"),
           (filename, "name of the report, without .txt; empty: it is a message"),
           (extended, "with the number of calls and the share of all time"))

namespace lt {

/// A table of the actions with mean and total time by the clock on the host, which does not wait
/// for devices. Errors: lt::ConfigError when an action starts that runs already, or stops that does
/// not. Source: Lightning, profilers/simple.py.
class SimpleProfiler {
 public:
  using Options = SimpleProfilerOptions;
  using policy_family = profiler_tag;
  static constexpr std::string_view name = "SimpleProfiler";

  SimpleProfiler() : SimpleProfiler(Options{}) {}
  explicit SimpleProfiler(Options options)
      : options_(std::move(options)), report_(name, options_.dirpath, options_.filename) {}

  void open(RunView& run) { report_.open(run); }

  void start(std::string_view action) {
    Record& record = record_of(action);
    if (record.running) {
      throw ConfigError(text("lt[E362] SimpleProfiler: '", action,
                             "' was started, which runs "
                             "already; expected another name, or stop first"));
    }
    record.running = true;
    record.began = Clock::now();
  }
  void stop(std::string_view action) {
    const Clock::time_point now = Clock::now();
    Record& record = record_of(action);
    if (!record.running) {
      throw ConfigError(text("lt[E363] SimpleProfiler: '", action,
                             "' was stopped, which does not "
                             "run; expected the name of a running action"));
    }
    record.running = false;
    record.total += std::chrono::duration<double>(now - record.began).count();
    ++record.calls;
  }

  /// Lightning's table.
  std::string summary() const {
    std::vector<const Record*> rows;
    std::size_t width = 0;
    std::int64_t calls = 0;
    for (const Record& record : records_) {
      if (record.calls > 0) {
        rows.push_back(&record);
        width = std::max(width, record.action.size());
        calls += record.calls;
      }
    }
    std::string out = report_.title() + "\n";
    if (rows.empty()) {
      return out + "\n";
    }
    const bool extended = options_.extended;
    std::sort(rows.begin(), rows.end(), [&](const Record* a, const Record* b) {
      const double first = extended ? a->total : a->mean();
      const double second = extended ? b->total : b->mean();
      return first != second ? first > second : a->action < b->action;
    });
    const auto row = [&](std::string_view action, std::string_view mean, std::string_view count,
                         std::string_view total, std::string_view share) {
      std::string line =
          text("\n|  ", detail::left(action, width), "\t|  ", detail::left(mean, 15), "\t|");
      line += extended ? text("  ", detail::left(count, 15), "\t|") : "";
      line += text("  ", detail::left(total, 15), "\t|");
      line += extended ? text("  ", detail::left(share, 15), "\t|") : "";
      return line;
    };
    const std::string header =
        row("Action", "Mean duration (s)", "Num calls", "Total time (s)", "Percentage %");
    const std::string line = "\n" + std::string(shown_width(header), '-');
    out += line + header + line;
    const double all = std::chrono::duration<double>(Clock::now() - born_).count();
    if (extended) {
      out += row("Total", "-", text(calls), detail::five_digits(all), "100 %") + line;
    }
    for (const Record* record : rows) {
      out +=
          row(record->action, detail::five_digits(record->mean()), text(record->calls),
              detail::five_digits(record->total), detail::five_digits(100.0 * record->total / all));
    }
    return out + line + "\n";
  }

  void describe() const { report_.write(summary()); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Record {
    double mean() const { return total / static_cast<double>(calls); }

    std::string action;
    bool running = false;
    Clock::time_point began{};
    double total = 0.0;  // seconds
    std::int64_t calls = 0;
  };

  Record& record_of(std::string_view action) {
    const auto found = index_.find(std::string(action));
    if (found != index_.end()) {
      return records_[found->second];
    }
    index_.emplace(std::string(action), records_.size());
    return records_.emplace_back(Record{std::string(action)});
  }

  // With tabs to every eighth column; the line's end counts, as in Python.
  static std::size_t shown_width(std::string_view line) {
    std::size_t width = 0;
    for (const char c : line.substr(1)) {
      width = c == '\t' ? width / 8 * 8 + 8 : width + 1;
    }
    return width + 1;
  }

  Options options_;
  detail::Report report_;
  Clock::time_point born_ = Clock::now();
  std::deque<Record> records_;  // in the order in which they first ran
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace lt
