// SPDX-License-Identifier: Apache-2.0
#include "script.hpp"

#include "errors.hpp"
#include "read.hpp"

#include "lt/core/errors.hpp"

#include <algorithm>

namespace conformance {

Script::Script(Recorder& recorder, std::string on, const Json& log_entries, const Json& actions)
    : recorder_(&recorder), on_(std::move(on)) {
  for (const Json& entry : log_entries) {
    logs_.push_back({entry});
  }
  for (const Json& action : actions) {
    if (action.value("on", "module") == on_) {
      actions_.push_back(action);
    }
  }
}

bool Script::holds(const Json& when, std::int64_t call,
                   std::optional<std::int64_t> batch_idx) const {
  const lt::RunView& run = *recorder_->run;
  const auto condition = [&](const std::string& key, const Json& wanted) {
    if (key == "call") {
      return wanted == call;
    }
    if (key == "calls") {
      return std::ranges::find(wanted, Json(call)) != wanted.end();
    }
    if (key == "every") {
      return (call + 1) % wanted.get<std::int64_t>() == 0;
    }
    if (key == "epoch") {
      return wanted == run.current_epoch();
    }
    if (key == "global_step") {
      return wanted == run.global_step();
    }
    if (key == "batch_idx") {
      return batch_idx.has_value() && wanted == *batch_idx;
    }
    if (key == "stage") {
      return wanted == lt::enum_name(run.stage());
    }
    throw Unsupported("condition " + key);
  };
  return std::ranges::all_of(when.items(),
                             [&](const auto& item) { return condition(item.key(), item.value()); });
}

Outcome Script::act(std::string_view hook, std::optional<std::int64_t> batch_idx) {
  const std::int64_t call = recorder_->next_call(hook, on_);
  Outcome outcome;
  for (const Json& action : actions_) {
    if (action.at("hook") == hook && holds(action.value("when", Json::object()), call, batch_idx)) {
      carry_out(action, outcome);
    }
  }
  return outcome;
}

void Script::carry_out(const Json& action, Outcome& outcome) {
  lt::RunView& run = *recorder_->run;
  const auto what = action.at("do").get<std::string>();
  if (what == "raise") {
    throw CaseError(action.at("type").get<std::string>(), "raised_by_case");
  }
  if (what == "interrupt") {
    throw lt::Interrupted("interrupted by the case");
  }
  if (what == "stop") {
    run.stop();
  } else if (what == "return") {
    outcome.returned = action.at("value").get<std::int64_t>();
  } else if (what == "return_none") {
    outcome.return_none = true;
  } else if (what == "scale_loss") {
    outcome.scale = read_number(action.at("factor"));
  } else if (what == "save") {
    run.save_checkpoint(recorder_->root / action.at("path").get<std::string>(),
                        action.value("weights_only", false));
  } else if (what == "set_lr") {
    const auto optimizer = action.value("optimizer", std::size_t{0});
    for (const lt::GroupView& group : run.optimizer_groups()) {
      if (group.optimizer == optimizer) {
        run.set_lr(optimizer, group.group, action.at("value").get<double>());
      }
    }
  } else {
    throw Unsupported("action " + what);
  }
}

void Script::log(std::string_view hook, const LogValues& values, const LogFunction& log) {
  for (LogEntry& entry : logs_) {
    const Json& spec = entry.spec;
    if (spec.at("hook") != hook) {
      continue;
    }
    const std::int64_t call = entry.calls++;
    const lt::LogOptions options = read_log_options(spec);
    if (spec.contains("dict")) {
      for (const auto& [name, value] : spec["dict"].items()) {
        log(name, value_of(value, call, values), options);
      }
    } else {
      log(spec.at("name").get<std::string>(), value_of(spec.at("value"), call, values), options);
    }
  }
}

LogValue Script::value_of(const Json& spec, std::int64_t call, const LogValues& values) const {
  const lt::RunView& run = *recorder_->run;
  if (spec.is_object()) {
    const auto by = spec.at("by").get<std::string>();
    const std::int64_t index = by == "epoch"         ? run.current_epoch()
                               : by == "global_step" ? run.global_step()
                                                     : call;
    const Json& series = spec.at("series");
    const auto last = static_cast<std::int64_t>(series.size()) - 1;
    return read_number(series.at(static_cast<std::size_t>(std::min(index, last))));
  }
  if (spec == "epoch") {
    return static_cast<double>(run.current_epoch());
  }
  if (spec == "global_step") {
    return static_cast<double>(run.global_step());
  }
  if (spec.is_string() && values.contains(spec.get<std::string>())) {
    return values.at(spec.get<std::string>());
  }
  return read_number(spec);
}

}  // namespace conformance
