// SPDX-License-Identifier: Apache-2.0
// CsvLogger: metrics in a table that every program reads.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/logger.hpp"
#include "lt/policies/logger/csv_table.hpp"
#include "lt/policies/logger/file_logger.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's arguments of `CSVLogger`.
struct CsvLoggerOptions {
  Text save_dir{};
  Text name = "lightning_logs";
  Text version{};
  Text prefix{};
  std::int64_t flush_logs_every_n_steps = 100;
};

}  // namespace lt

LT_REFLECT(lt::CsvLoggerOptions, (save_dir, "folder; default: the trainer's default_root_dir"),
           (name, "folder below save_dir; empty: none"),
           (version, "folder below name: a number (version_N) or a text; default: the next number"),
           (prefix, "written before each metric's name, with a dash"),
           (flush_logs_every_n_steps, "write to the file at least every n steps"))

LT_CHECKS(lt::CsvLoggerOptions, LT_CHECK(E340, flush_logs_every_n_steps,
                                         o.flush_logs_every_n_steps >= 1, "must be 1 or more"))

namespace lt {

/// Writes `save_dir/name/version_N/metrics.csv`, one row for each record, and `hparams.yaml`.
///
/// The header holds all names so far, sorted; a new name rewrites the file. Records wait in memory
/// until `save` or `save_soon`, or for `flush_logs_every_n_steps`; a thread of the logger writes
/// them, and a file is never left with half a row.
/// Errors: lt::ConfigError when the folder cannot be written; lt::Error when the disk is full, with
/// the rows that are lost. Source: Lightning, loggers/csv_logs.py.
class CsvLogger : public detail::FileLogger<CsvLogger, detail::CsvTable> {
 public:
  using Options = CsvLoggerOptions;
  static constexpr std::string_view type_name = "CsvLogger";

  CsvLogger() : CsvLogger(Options{}) {}
  explicit CsvLogger(Options options)
      : FileLogger({type_name, options.save_dir, options.name, options.version}),
        options_(std::move(options)) {
    validate(options_, type_name);
  }

  void log_metrics(const MetricTable& metrics, std::int64_t step) {
    if (!ready()) {
      return;
    }
    post([metrics, step](detail::CsvTable& table) { table.add(step, metrics); });
    if ((step + 1) % options_.flush_logs_every_n_steps == 0) {
      save_soon();
    }
  }

 private:
  friend class detail::FileLogger<CsvLogger, detail::CsvTable>;

  detail::CsvTable make_sink() {
    const std::filesystem::path file = log_dir() / "metrics.csv";
    if (folder().had_files()) {
      if (messages() != nullptr) {
        messages()->warn("W340", text("CsvLogger: folder '", log_dir().string(),
                                      "' exists and is not empty; its metrics.csv is replaced"));
      }
      std::filesystem::remove(file);
    }
    return {file, options_.prefix};
  }

  Options options_;
};

}  // namespace lt
