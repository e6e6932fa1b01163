// SPDX-License-Identifier: Apache-2.0
#include "read.hpp"

#include <limits>
#include <utility>

namespace conformance {

double read_number(const Json& json) {
  if (!json.is_string()) {
    return json.get<double>();
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto text = json.get<std::string>();
  if (text == "inf" || text == "-inf") {
    return text == "inf" ? infinity : -infinity;
  }
  if (text != "nan") {
    throw Unsupported("number " + text);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

lt::Duration read_duration(const Json& json) {
  if (json.is_string()) {
    return lt::parse_duration(json.get<std::string>());
  }
  if (json.is_number()) {
    return lt::Duration(json.get<double>());
  }
  constexpr std::pair<std::string_view, double> units[] = {
      {"weeks", 604800.0}, {"days", 86400.0},        {"hours", 3600.0},       {"minutes", 60.0},
      {"seconds", 1.0},    {"milliseconds", 1.0e-3}, {"microseconds", 1.0e-6}};
  double seconds = 0.0;
  for (const auto& [unit, factor] : units) {
    seconds += factor * json.value(std::string(unit), 0.0);
  }
  return lt::Duration(seconds);
}

lt::LogOptions read_log_options(const Json& entry) {
  lt::LogOptions options;
  const auto set = [&](const char* name, auto& field) {
    if (entry.contains(name)) {
      read(entry[name], field);
    }
  };
  set("prog_bar", options.prog_bar);
  set("logger", options.logger);
  set("on_step", options.on_step);
  set("on_epoch", options.on_epoch);
  set("reduce_fx", options.reduce_fx);
  set("batch_size", options.batch_size);
  set("add_dataloader_idx", options.add_dataloader_idx);
  return options;
}

}  // namespace conformance
