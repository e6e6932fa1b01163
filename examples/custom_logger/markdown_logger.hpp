// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lt/lt.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

/// Writes `<save_dir>/markdown/latest/metrics.md`: a table with a row for each number.
class MarkdownLogger {
 public:
  using policy_family = lt::logger_tag;
  explicit MarkdownLogger(std::string save_dir = "logs") : save_dir_(std::move(save_dir)) {}
  void open(lt::RunView& run) {
    if (!run.is_global_zero() || file_.is_open()) {
      return;  // another rank, or a second run of one trainer, which goes on in the same file
    }
    const std::filesystem::path folder = save_dir_ + "/" + name() + "/" + version();
    std::filesystem::create_directories(folder);
    file_.open(folder / "metrics.md");
    if (!file_) {
      throw lt::ConfigError("MarkdownLogger: cannot write to " + folder.string());
    }
  }
  std::string name() const { return "markdown"; }
  std::string version() const { return "latest"; }
  std::string save_dir() const { return save_dir_; }
  void log_metrics(const lt::MetricTable& metrics, std::int64_t step) {
    if (std::exchange(empty_, false)) {
      file_ << "| step | metric | value |\n| --- | --- | --- |\n";
    }
    for (const auto& [metric, value] : metrics) {
      file_ << "| " << step << " | " << metric << " | " << value << " |\n";
    }
  }
  void log_hyperparams(const lt::HyperParams& params) { file_ << lt::yaml_text(params) << '\n'; }
  void save() {
    if (file_.is_open() && !file_.flush()) {
      throw lt::Error("MarkdownLogger: cannot write metrics.md; is the disk full?");
    }
  }
  void finalize(std::string_view) { save(); }

 private:
  std::string save_dir_;
  std::ofstream file_;
  bool empty_ = true;
};
