// SPDX-License-Identifier: Apache-2.0
// The scripted part of a case that belongs to one object: what it logs and what it does in which
// hook (suite/README.md, "Log entries" and "Actions").
#pragma once

#include "recorder.hpp"
#include "values.hpp"

#include "lt/core/log_options.hpp"
#include "lt/tensor.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace conformance {

/// What the actions want the hook itself to honour.
struct Outcome {
  std::optional<std::int64_t> returned;
  bool return_none = false;
  std::optional<double> scale;
};

using LogValue = std::variant<double, lt::Tensor>;
/// The names that a log entry may use as its value.
using LogValues = std::map<std::string, LogValue>;
using LogFunction =
    std::function<void(const std::string& name, const LogValue&, const lt::LogOptions&)>;

class Script {
 public:
  /// `actions` are all of the case; those of other objects are left out.
  Script(Recorder& recorder, std::string on, const Json& log_entries, const Json& actions);

  /// Carries out the actions of this call of `hook`.
  Outcome act(std::string_view hook, std::optional<std::int64_t> batch_idx = {});

  /// Logs the entries of `hook` through `log`.
  void log(std::string_view hook, const LogValues& values, const LogFunction& log);

 private:
  struct LogEntry {
    Json spec;
    std::int64_t calls = 0;
  };

  bool holds(const Json& when, std::int64_t call, std::optional<std::int64_t> batch_idx) const;
  void carry_out(const Json& action, Outcome& outcome);
  LogValue value_of(const Json& spec, std::int64_t call, const LogValues& values) const;

  Recorder* recorder_;
  std::string on_;
  std::vector<LogEntry> logs_;
  std::vector<Json> actions_;
};

}  // namespace conformance
