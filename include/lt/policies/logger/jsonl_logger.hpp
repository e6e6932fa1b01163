// SPDX-License-Identifier: Apache-2.0
// JsonlLogger: one JSON object for each record, one record a line.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/logger.hpp"
#include "lt/policies/logger/file_logger.hpp"
#include "lt/policies/logger/json_lines.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace lt {

/// Where the lines go; the names are those of CsvLogger.
struct JsonlLoggerOptions {
  Text save_dir{};
  Text name = "lightning_logs";
  Text version{};
  Text prefix{};
};

}  // namespace lt

LT_REFLECT(lt::JsonlLoggerOptions, (save_dir, "folder; default: the trainer's default_root_dir"),
           (name, "folder below save_dir; empty: none"),
           (version, "folder below name: a number (version_N) or a text; default: the next number"),
           (prefix, "written before each metric's name, with a dash"))

namespace lt {

/// Writes `save_dir/name/version_N/metrics.jsonl` and `hparams.yaml`:
///
///     {"step": 49, "epoch": 0, "train_loss": 0.25}
///
/// A number is its shortest exact form. JSON has no word for what is not finite: these are the
/// texts "nan", "inf" and "-inf", which Python's `float` reads. Lines are added to a file that is
/// there already, after a last line that was torn by a crash has been cut off. Errors:
/// lt::ConfigError when the folder cannot be written; lt::Error when the disk is full.
class JsonlLogger : public detail::FileLogger<JsonlLogger, detail::JsonLines> {
 public:
  using Options = JsonlLoggerOptions;
  static constexpr std::string_view type_name = "JsonlLogger";

  JsonlLogger() : JsonlLogger(Options{}) {}
  explicit JsonlLogger(Options options)
      : FileLogger({type_name, options.save_dir, options.name, options.version}),
        options_(std::move(options)) {}

  void log_metrics(const MetricTable& metrics, std::int64_t step) {
    if (ready()) {
      post([metrics, step](detail::JsonLines& lines) { lines.add(step, metrics); });
    }
  }

 private:
  friend class detail::FileLogger<JsonlLogger, detail::JsonLines>;

  detail::JsonLines make_sink() { return {log_dir() / "metrics.jsonl", options_.prefix}; }

  Options options_;
};

}  // namespace lt
