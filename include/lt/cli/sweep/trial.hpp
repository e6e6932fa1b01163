// SPDX-License-Identifier: Apache-2.0
// A trial of a sweep: its folder, what it is told, and the result that it leaves there.
#pragma once

#include "lt/checkpoint/atomic_file.hpp"
#include "lt/cli/node.hpp"
#include "lt/cli/sweep/space.hpp"
#include "lt/cli/yaml.hpp"
#include "lt/core/yaml_text.hpp"

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// The environment variable that tells a program to leave its result in a file.
inline constexpr const char* result_variable = "LT_SWEEP_RESULT";

/// Metrics by name, in their order.
using Metrics = std::vector<std::pair<std::string, double>>;

/// One trial, done or not.
struct Trial {
  std::size_t index = 0;
  Point point{};
  std::filesystem::path folder{};
  bool done = false;       ///< its result is there
  std::string failure{};   ///< how it failed, if it did in this run
  double seconds = 0.0;
  Metrics metrics{};

  std::filesystem::path result_file() const { return folder / "result.yaml"; }
  std::filesystem::path output_file() const { return folder / "output.txt"; }
};

/// "model.hidden=32 optimizer.lr=0.1".
inline std::string point_text(const Point& point) {
  std::string out;
  for (const auto& [key, value] : point) {
    out += (out.empty() ? "" : " ") + key + "=" + value;
  }
  return out;
}

/// Writes a file as a whole: a program that is killed leaves none, or the one before.
inline void write_whole(const std::filesystem::path& path, std::string_view content) {
  checkpoint::AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

namespace detail {

// Quoted: what the values of a point look like is no matter of YAML's.
inline Node text_node(std::string_view word) { return Node::scalar(word, true); }

inline Node point_node(const Point& point) {
  Node node = Node::map();
  for (const auto& [key, value] : point) {
    node.add(key, text_node(value));
  }
  return node;
}

// YAML has words for what is no finite number.
inline double number_of(const Node& node) { return YAML::Load(node.text).as<double>(); }

inline Point point_of(const Node& node) {
  Point point;
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    point.emplace_back(node.names[i], node.items[i].text);
  }
  return point;
}

}  // namespace detail

/// What a trial's program leaves, if it was told to: the metrics at the end of its fit.
inline void write_result(const Metrics& metrics) {
  const char* const path = std::getenv(result_variable);
  if (path == nullptr || *path == '\0') {
    return;
  }
  Node values = Node::map();
  for (const auto& [name, value] : metrics) {
    values.add(name, Node::scalar(yaml_number(value)));
  }
  Node root = Node::map();
  root.add("metrics", std::move(values));
  write_whole(path, to_yaml(root));
}

/// Adds to the result of a trial what it was told and how long it took: only now does it count.
inline void seal_result(Trial& trial) {
  Node root = read_yaml(trial.result_file().string());
  root.add("options", detail::point_node(trial.point));
  root.add("seconds", Node::scalar(yaml_number(trial.seconds)));
  write_whole(trial.result_file(), to_yaml(root));
}

/// Takes over a result that stands in the trial's folder, if it is one of the same options.
inline void find_result(Trial& trial) {
  if (!std::filesystem::is_regular_file(trial.result_file())) {
    return;
  }
  const Node root = read_yaml(trial.result_file().string());
  const Node* const options = root.find("options");
  const Node* const metrics = root.find("metrics");
  if (options == nullptr || metrics == nullptr || detail::point_of(*options) != trial.point) {
    return;  // its program was killed behind the fit, or it is of another sweep
  }
  trial.done = true;
  trial.metrics.clear();
  for (std::size_t i = 0; i < metrics->names.size(); ++i) {
    trial.metrics.emplace_back(metrics->names[i], detail::number_of(metrics->items[i]));
  }
  if (const Node* const seconds = root.find("seconds")) {
    trial.seconds = detail::number_of(*seconds);
  }
}

/// The value of a metric; nothing if the trial has none of that name.
inline std::optional<double> metric_of(const Trial& trial, std::string_view name) {
  for (const auto& [own, value] : trial.metrics) {
    if (own == name) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace lt::cli
