// SPDX-License-Identifier: Apache-2.0
// What TensorBoard shows, as the messages of an event: one `Summary.Value` each.
// Source: tensorboard/compat/proto/summary.proto, tensorboard/plugins/hparams/*.proto, and
// torch/utils/tensorboard/summary.py, whose values these are.
#pragma once

#include "lt/core/hyper_params.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/logger/protobuf.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lt::detail {

/// `SummaryMetadata` of a plugin.
inline ProtoMessage plugin_metadata(std::string_view plugin, std::string_view content) {
  ProtoMessage data;
  data.bytes(1, plugin);
  if (!content.empty()) {
    data.bytes(2, content);
  }
  return ProtoMessage().message(1, data);
}

inline ProtoMessage scalar_value(std::string_view tag, double value) {
  return ProtoMessage().bytes(1, tag).small_number(2, static_cast<float>(value));
}

inline ProtoMessage text_value(std::string_view tag, std::string_view words) {
  constexpr std::int64_t string_type = 7;  // DT_STRING
  const ProtoMessage shape = ProtoMessage().message(2, ProtoMessage().whole(1, 1));
  return ProtoMessage()
      .bytes(1, text(tag, "/text_summary"))
      .message(8, ProtoMessage().whole(1, string_type).message(2, shape).bytes(8, words))
      .message(9, plugin_metadata("text", {}));
}

/// `encoded`: a PNG.
inline ProtoMessage image_value(std::string_view tag, std::string_view encoded, std::int64_t height,
                                std::int64_t width, std::int64_t channels) {
  return ProtoMessage().bytes(1, tag).message(
      4, ProtoMessage().whole(1, height).whole(2, width).whole(3, channels).bytes(4, encoded));
}

/// The edges of the bins: 0 and ±1e-12 * 1.1^k below 1e20.
inline const std::vector<double>& histogram_edges() {
  static const std::vector<double> edges = [] {
    std::vector<double> out;
    for (double edge = 1e-12; edge < 1e20; edge *= 1.1) {
      out.push_back(edge);
    }
    std::vector<double> all;
    for (auto edge = out.rbegin(); edge != out.rend(); ++edge) {
      all.push_back(-*edge);
    }
    all.push_back(0.0);
    all.insert(all.end(), out.begin(), out.end());
    return all;
  }();
  return edges;
}

/// At least one value, all finite. What lies beyond ±1e20 counts for the sums only.
inline ProtoMessage histogram_value(std::string_view tag, std::span<const double> values) {
  const std::vector<double>& edges = histogram_edges();
  std::vector<double> counts(edges.size() - 1, 0.0);
  double sum = 0.0;
  double squares = 0.0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    if (value < edges.front() || value > edges.back()) {
      continue;
    }
    const auto above = std::upper_bound(edges.begin(), edges.end(), value);
    const auto bin = static_cast<std::size_t>(above - edges.begin()) - 1;
    counts[std::min(bin, counts.size() - 1)] += 1.0;  // the last bin holds its right edge, too
  }
  // Only the bins that hold something, and an empty one on their left for the leftmost limit.
  const auto holds = [](double count) { return count > 0.0; };
  const auto first = std::find_if(counts.begin(), counts.end(), holds);
  const auto last = std::find_if(counts.rbegin(), counts.rend(), holds);
  std::vector<double> buckets{0.0};
  std::vector<double> limits{edges.front()};
  if (first != counts.end()) {
    buckets.insert(buckets.end(), first, last.base());
    const auto start = first - counts.begin();
    limits.assign(edges.begin() + start, edges.begin() + (last.base() - counts.begin()) + 1);
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return ProtoMessage().bytes(1, tag).message(5, ProtoMessage()
                                                     .number(1, *low)
                                                     .number(2, *high)
                                                     .number(3, static_cast<double>(values.size()))
                                                     .number(4, sum)
                                                     .number(5, squares)
                                                     .numbers(6, limits)
                                                     .numbers(7, buckets));
}

// -- hyper-parameters
// -------------------------------------------------------------------------------

/// Python's `repr` of a value; texts by themselves stand as they are (`str`).
inline std::string python_text(const HyperValue& value, bool quoted) {
  if (const auto* word = std::get_if<std::string>(&value.value)) {
    return quoted ? python_repr(std::string_view(*word)) : *word;
  }
  if (const auto* list = std::get_if<HyperValue::List>(&value.value)) {
    std::string out;
    for (const HyperValue& item : *list) {
      out += (out.empty() ? "" : ", ") + python_text(item, true);
    }
    return "[" + out + "]";
  }
  if (const auto* map = std::get_if<HyperParams>(&value.value)) {
    std::string out;
    for (const HyperParam& item : *map) {
      out += (out.empty() ? "" : ", ") + python_repr(std::string_view(item.name)) + ": " +
             python_text(item.value, true);
    }
    return "{" + out + "}";
  }
  if (const auto* flag = std::get_if<bool>(&value.value)) {
    return *flag ? "True" : "False";
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value.value)) {
    return text(*whole);
  }
  if (const auto* number = std::get_if<double>(&value.value)) {
    return python_repr(*number);
  }
  return "None";
}

/// Maps in maps become names with slashes, and so do lists of maps.
inline void flatten(HyperParams& out, const HyperParams& params, const std::string& above = {}) {
  for (const HyperParam& param : params) {
    const std::string name = above + param.name;
    const auto is_map = [](const HyperValue& value) {
      return std::holds_alternative<HyperParams>(value.value);
    };
    const auto* list = std::get_if<HyperValue::List>(&param.value.value);
    if (is_map(param.value)) {
      flatten(out, std::get<HyperParams>(param.value.value), name + "/");
    } else if (list != nullptr && std::all_of(list->begin(), list->end(), is_map)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        flatten(out, std::get<HyperParams>((*list)[i].value), text(name, "/", i, "/"));
      }
    } else {
      out.push_back({name, param.value});
    }
  }
}

/// The three values of the hparams plugin: the experiment (which names there are), the start of the
/// session (their values) and its end.
inline std::array<ProtoMessage, 3> hparams_values(const HyperParams& params,
                                                  const MetricTable& metrics) {
  constexpr std::int64_t is_text = 1;    // DATA_TYPE_STRING
  constexpr std::int64_t is_number = 3;  // DATA_TYPE_FLOAT64
  constexpr std::int64_t success = 1;    // STATUS_SUCCESS
  ProtoMessage experiment;
  ProtoMessage start;
  HyperParams flat;
  flatten(flat, params);
  for (const auto& [name, value] : flat) {
    ProtoMessage shown;  // google.protobuf.Value
    std::int64_t type = is_number;
    if (const auto* flag = std::get_if<bool>(&value.value)) {
      shown.number(2, *flag ? 1.0 : 0.0);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value.value)) {
      shown.number(2, static_cast<double>(*whole));
    } else if (const auto* number = std::get_if<double>(&value.value)) {
      shown.number(2, *number);
    } else {
      shown.bytes(3, python_text(value, false));
      type = is_text;
    }
    start.message(1, ProtoMessage().bytes(1, name).message(2, shown));
    experiment.message(4, ProtoMessage().bytes(1, name).whole(4, type));
  }
  for (const auto& entry : metrics) {
    const ProtoMessage name = ProtoMessage().bytes(2, entry.first);
    experiment.message(5, ProtoMessage().message(1, name));
  }
  const auto plugin_value = [](std::string_view tag, std::uint32_t field,
                               const ProtoMessage& content) {
    return ProtoMessage()
        .bytes(1, text("_hparams_/", tag))
        .message(9, plugin_metadata("hparams", ProtoMessage().message(field, content).str()));
  };
  return {plugin_value("experiment", 2, experiment), plugin_value("session_start_info", 3, start),
          plugin_value("session_end_info", 4, ProtoMessage().whole(1, success))};
}

}  // namespace lt::detail
