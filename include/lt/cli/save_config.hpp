// SPDX-License-Identifier: Apache-2.0
// The callback that keeps a run's configuration beside its logs.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/text.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace lt::cli {

/// Writes the configuration into the folder of the first logger, once, on rank zero; not in a
/// `fast_dev_run`. An empty file name: nothing is written.
/// Errors: lt::ConfigError when the file is there already and may not be replaced.
/// Source: Lightning, cli.py, `SaveConfigCallback`.
class SaveConfig {
 public:
  static constexpr std::string_view name = "SaveConfig";

  SaveConfig() = default;
  SaveConfig(std::string file, std::string config, bool overwrite)
      : file_(std::move(file)), config_(std::move(config)), overwrite_(overwrite) {}

  void setup(RunView& run, RunFn) {
    if (file_.empty() || run.fast_dev_run() || !run.is_global_zero()) {
      return;
    }
    const std::vector<LoggerPlace> places = run.logger_places();
    const std::filesystem::path folder =
        places.empty()
            ? run.default_root_dir()
            : std::filesystem::path(places[0].save_dir) / places[0].name / places[0].version;
    const std::filesystem::path path = folder / file_;
    std::error_code failed;
    if (!overwrite_ && std::filesystem::exists(path, failed)) {
      throw ConfigError(
          text("lt[E866] the configuration of an earlier run is in '", path.string(),
               "'; expected a folder without one: another default_root_dir, a logger ",
               "with versions, or save_config_overwrite in the program"));
    }
    std::filesystem::create_directories(folder, failed);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << config_;
    if (!out.flush()) {
      throw Error(text("lt[E867] cannot write the configuration to '", path.string(), "'"));
    }
    file_.clear();
  }

 private:
  std::string file_{};
  std::string config_{};
  bool overwrite_ = false;
};

}  // namespace lt::cli
