// SPDX-License-Identifier: Apache-2.0
// AdvancedProfiler: what runs inside each action.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/profiler.hpp"
#include "lt/policies/profiler/report.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Lightning's arguments of `AdvancedProfiler`.
struct AdvancedProfilerOptions {
  Text dirpath{};
  Text filename{};
  double line_count_restriction = 1.0;
  bool dump_stats = false;
};

}  // namespace lt

LT_REFLECT(lt::AdvancedProfilerOptions,
           (dirpath, "folder of the report; default: that of the first logger"),
           (filename, "name of the report, without .txt; empty: it is a message"),
           (line_count_restriction,
            "lines for each action: up to 1 a share of them, else a number"),
           (dump_stats, "write the stacks of each action for a flame graph"))

LT_CHECKS(lt::AdvancedProfilerOptions,
          LT_CHECK(E364, line_count_restriction, o.line_count_restriction >= 0.0,
                   "must be 0 or more"))

namespace lt {

/// For each action a table, in the form of Python's pstats, of that action and of those that ran
/// inside it: calls, time of its own (`tottime`) and with what it called (`cumtime`), in seconds.
/// Python looks into functions; a C++ program has no such hook, so the scopes are the actions of
/// the run and those that the user marks with `start` and `stop`. With `dump_stats` each action's
/// stacks are written as `<stage>-<filename>-<action>.folded` for flamegraph.pl or speedscope.
///
/// Errors: lt::ConfigError when an action is stopped that is not the one started last.
/// Source: Lightning, profilers/advanced.py.
class AdvancedProfiler {
 public:
  using Options = AdvancedProfilerOptions;
  using policy_family = profiler_tag;
  static constexpr std::string_view name = "AdvancedProfiler";

  AdvancedProfiler() : AdvancedProfiler(Options{}) {}
  explicit AdvancedProfiler(Options options)
      : options_(std::move(options)), report_(name, options_.dirpath, options_.filename) {
    validate(options_, name);
  }

  void open(RunView& run) { report_.open(run); }

  void start(std::string_view action) {
    std::unique_ptr<Node>& child = current_->children[std::string(action)];
    if (child == nullptr) {
      child = std::make_unique<Node>();
      child->above = current_;
      child->action = action;
      order(action);
    }
    current_ = child.get();
    current_->began = Clock::now();
  }
  void stop(std::string_view action) {
    const Clock::time_point now = Clock::now();
    if (current_->action != action) {
      throw ConfigError(
          text("lt[E365] AdvancedProfiler: '", action,
               "' was stopped; expected the action started last, ",
               current_->above == nullptr ? "but none runs" : text("'", current_->action, "'")));
    }
    current_->total += std::chrono::duration<double>(now - current_->began).count();
    ++current_->calls;
    current_ = current_->above;
  }

  std::string summary() const {
    std::string out = report_.title();
    for (const std::string& action : actions_) {
      out += text("\nProfile stats for: ", action);
      out += report_.rank().empty() ? "" : text(" rank: ", report_.rank());
      out += "\n" + table(action);
    }
    return out + "\n";
  }

  void describe() const {
    report_.write(summary());
    if (options_.dump_stats) {
      for (const std::string& action : actions_) {
        std::string stacks;
        for_each_of(*root_, action, [&](const Node& node) { fold(stacks, node, ""); });
        report_.write_file(report_.path(action, ".folded"), stacks, std::ios::trunc);
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  // One action under the actions that called it.
  struct Node {
    double own() const {
      double rest = total;
      for (const auto& [key, child] : children) {
        rest -= child->total;
      }
      return std::max(rest, 0.0);
    }

    std::string action;
    Node* above = nullptr;
    std::map<std::string, std::unique_ptr<Node>> children;
    Clock::time_point began{};
    double total = 0.0;  // seconds
    std::int64_t calls = 0;
  };
  struct Row {
    std::string action;
    std::int64_t calls = 0;
    double own = 0.0;
    double total = 0.0;
  };

  void order(std::string_view action) {
    if (std::find(actions_.begin(), actions_.end(), action) == actions_.end()) {
      actions_.emplace_back(action);
    }
  }

  // Every outermost node of that action.
  template <class F>
  static void for_each_of(const Node& node, const std::string& action, const F& f) {
    for (const auto& [key, child] : node.children) {
      if (key == action) {
        f(*child);
      } else {
        for_each_of(*child, action, f);
      }
    }
  }
  static void collect(std::map<std::string, Row>& rows, const Node& node, bool inside_itself) {
    Row& row = rows[node.action];
    row.action = node.action;
    row.calls += node.calls;
    row.own += node.own();
    row.total += inside_itself ? 0.0 : node.total;
    for (const auto& [key, child] : node.children) {
      collect(rows, *child, is_inside(*child, key));
    }
  }
  static bool is_inside(const Node& node, const std::string& action) {
    for (const Node* up = node.above; up != nullptr; up = up->above) {
      if (up->action == action) {
        return true;
      }
    }
    return false;
  }

  std::string table(const std::string& action) const {
    std::map<std::string, Row> found;
    for_each_of(*root_, action, [&](const Node& node) { collect(found, node, false); });
    std::vector<Row> rows;
    std::int64_t calls = 0;
    double total = 0.0;
    for (auto& [key, row] : found) {
      calls += row.calls;
      total += row.own;
      rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.total != b.total ? a.total > b.total : a.action < b.action;
    });
    const auto all = static_cast<double>(rows.size());
    const double lines = options_.line_count_restriction <= 1.0
                             ? std::floor(all * options_.line_count_restriction + 0.5)
                             : std::min(all, options_.line_count_restriction);
    const auto fixed = [](double value) { return python_format(value, ".3f"); };
    std::string out = text("         ", calls, " calls in ", fixed(total), " seconds\n\n",
                           "   Ordered by: cumulative time\n\n",
                           "   ncalls  tottime  percall  cumtime  percall action\n");
    for (std::size_t i = 0; i < static_cast<std::size_t>(lines); ++i) {
      const Row& row = rows[i];
      const auto count = static_cast<double>(std::max<std::int64_t>(row.calls, 1));
      for (const std::string& cell : {text(row.calls), fixed(row.own), fixed(row.own / count),
                                      fixed(row.total), fixed(row.total / count)}) {
        out += detail::right(cell, 9);
      }
      out += " " + row.action + "\n";
    }
    return out;
  }

  // `outer;inner microseconds`, a line for each stack.
  static void fold(std::string& out, const Node& node, const std::string& above) {
    const std::string stack = above.empty() ? node.action : above + ";" + node.action;
    out += text(stack, " ", static_cast<std::int64_t>(std::llround(node.own() * 1e6)), "\n");
    for (const auto& [key, child] : node.children) {
      fold(out, *child, stack);
    }
  }

  Options options_;
  detail::Report report_;
  std::unique_ptr<Node> root_ = std::make_unique<Node>();  // its address stays when this moves
  Node* current_ = root_.get();
  std::vector<std::string> actions_;  // in the order in which they first ran
};

}  // namespace lt
