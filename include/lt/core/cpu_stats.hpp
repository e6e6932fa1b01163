// SPDX-License-Identifier: Apache-2.0
// How busy the host is, from the files of Linux below /proc.
#pragma once

#include "lt/core/metric_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// Use of processors, memory and swap space in percent, with one decimal, under Lightning's names.
/// Source: psutil 7, `cpu_percent`, `virtual_memory`, `swap_memory` on Linux.
class CpuStats {
 public:
  /// `proc`: the folder with `stat` and `meminfo`.
  explicit CpuStats(std::string proc = "/proc") : proc_(std::move(proc)) {
    before_ = read_times().value_or(Times{});
  }

  /// False where the system has no such files.
  bool available() const { return read_times().has_value(); }

  /// Processors: since the call before, or since this object was made.
  MetricTable read() {
    MetricTable out;
    out.set("cpu_percent", cpu_percent());
    std::ifstream in(proc_ + "/meminfo");
    double total = 0.0, available = 0.0, swap_total = 0.0, swap_free = 0.0;
    std::string line;
    while (std::getline(in, line)) {
      take(line, "MemTotal:", total);
      take(line, "MemAvailable:", available);
      take(line, "SwapTotal:", swap_total);
      take(line, "SwapFree:", swap_free);
    }
    out.set("cpu_vm_percent", percent(total - available, total));
    out.set("cpu_swap_percent", percent(swap_total - swap_free, swap_total));
    return out;
  }

 private:
  // user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice; in ticks
  using Times = std::array<double, 10>;

  std::optional<Times> read_times() const {
    std::ifstream in(proc_ + "/stat");
    std::string word;
    Times times{};
    if (!(in >> word >> times[0]) || word != "cpu") {
      return std::nullopt;
    }
    for (std::size_t i = 1; i < times.size() && in >> times[i]; ++i) {
    }
    return times;
  }

  double cpu_percent() {
    const Times now = read_times().value_or(before_);
    Times spent{};
    for (std::size_t i = 0; i < now.size(); ++i) {
      spent[i] = std::max(0.0, now[i] - before_[i]);
    }
    before_ = now;
    // Linux counts the time of guests as user and nice time too.
    double all = -spent[8] - spent[9];
    for (const double part : spent) {
      all += part;
    }
    return percent(all - spent[3] - spent[4], all);
  }

  static void take(const std::string& line, std::string_view key, double& value) {
    if (line.starts_with(key)) {
      std::istringstream(line.substr(key.size())) >> value;
    }
  }
  static double percent(double part, double all) {
    return all > 0.0 ? std::round(part / all * 1000.0) / 10.0 : 0.0;
  }

  std::string proc_;
  Times before_{};
};

}  // namespace lt
