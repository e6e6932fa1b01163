// SPDX-License-Identifier: Apache-2.0
// A logger that notes what is written to it.
#pragma once

#include "recorder.hpp"
#include "values.hpp"

#include "lt/core/hyper_params.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

class RecordingLogger {
 public:
  using policy_family = lt::logger_tag;

  RecordingLogger(Recorder& recorder, std::int64_t index, const Json& version)
      : recorder_(&recorder),
        on_("logger:" + std::to_string(index)),
        name_(index == 0 ? "rec" : "rec" + std::to_string(index)),
        version_(version.is_string() ? version.get<std::string>() : "version_" + version.dump()) {}

  void open(lt::RunView&) {}
  std::string name() const { return name_; }
  std::string version() const { return version_; }
  std::string save_dir() const { return {}; }

  void log_metrics(const lt::MetricTable& table, std::int64_t step) {
    recorder_->event("log_metrics", on_, {{"step", step}, {"keys", sorted(table.names())}});
    recorder_->logged.push_back({{"on", on_}, {"step", step}, {"metrics", metrics(table)}});
  }
  void log_hyperparams(const lt::HyperParams& params) {
    std::vector<std::string> names;
    for (const lt::HyperParam& param : params) {
      names.push_back(param.name);
    }
    recorder_->event("log_hyperparams", on_, {{"keys", sorted(std::move(names))}});
  }
  void log_graph(const auto&) { recorder_->event("log_graph", on_); }
  void after_save_checkpoint(lt::RunView&) { recorder_->event("after_save_checkpoint", on_); }
  void save() {}
  void finalize(std::string_view status) {
    recorder_->event("finalize", on_, {{"status", status}});
  }

 private:
  static std::vector<std::string> sorted(std::vector<std::string> names) {
    std::ranges::sort(names);
    return names;
  }

  Recorder* recorder_;
  std::string on_;
  std::string name_;
  std::string version_;
};

}  // namespace conformance
