// SPDX-License-Identifier: Apache-2.0
// The options of ModelCheckpoint and the state it keeps.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/score.hpp"
#include "lt/core/text.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lt {

/// Whether the checkpoint saved last is kept as `last.ckpt`: written once more, or as a link.
enum class SaveLast : std::uint8_t { none, yes, link };

constexpr std::string_view enum_name(SaveLast save_last) {
  constexpr std::string_view names[] = {"none", "true", "link"};
  return names[static_cast<std::size_t>(save_last)];
}

/// Lightning's arguments of `ModelCheckpoint`. At most one of `every_n_train_steps`,
/// `train_time_interval` and `every_n_epochs`; with none of them, every epoch.
struct ModelCheckpointOptions {
  Text dirpath{};
  Text filename{};
  Text monitor{};
  bool verbose = false;
  SaveLast save_last = SaveLast::none;
  std::int64_t save_top_k = 1;
  bool save_on_exception = false;
  bool save_weights_only = false;
  Mode mode = Mode::min;
  bool auto_insert_metric_name = true;
  std::optional<std::int64_t> every_n_train_steps{};
  std::optional<Duration> train_time_interval{};
  std::optional<std::int64_t> every_n_epochs{};
  std::optional<bool> save_on_train_epoch_end{};
  bool enable_version_counter = true;
};

/// What a ModelCheckpoint keeps in checkpoints.
struct ModelCheckpointState {
  std::optional<std::string> monitor;
  std::optional<Score> best_model_score;
  std::string best_model_path;
  std::optional<Score> current_score;
  std::string dirpath;
  ScoredPaths best_k_models;
  std::string kth_best_model_path;
  Score kth_value;
  std::string last_model_path;
};

}  // namespace lt

LT_REFLECT(lt::ModelCheckpointOptions,
           (dirpath, "folder; default: `checkpoints` in the folder of the first logger"),
           (filename, "name with fields such as {epoch}; default {epoch}-{step}"),
           (monitor, "metric that decides which checkpoints are best"),
           (verbose, "say what is saved"),
           (save_last, "also keep the latest as last.ckpt: none, true, or link"),
           (save_top_k, "how many to keep; -1: all, 0: none"),
           (save_on_exception, "save when the run ends by an exception"),
           (save_weights_only, "save the model's weights only"),
           (mode, "whether a small (min) or a large (max) metric is better"),
           (auto_insert_metric_name, "write `name=` before each value of the file name"),
           (every_n_train_steps, "save every n optimizer steps"),
           (train_time_interval, "save after this time in seconds"),
           (every_n_epochs, "save every n epochs"),
           (save_on_train_epoch_end, "save at the end of the training epoch, not of validation"),
           (enable_version_counter, "add -v1 to a name that is taken, rather than overwrite"))

LT_CHECKS(lt::ModelCheckpointOptions,
          LT_CHECK(E303, save_top_k, o.save_top_k >= -1,
                   "must be -1 (all), 0 (none) or a number of checkpoints"),
          LT_CHECK(E305, every_n_train_steps, o.every_n_train_steps.value_or(0) >= 0,
                   "must be 0 (never) or more"),
          LT_CHECK(E306, every_n_epochs, o.every_n_epochs.value_or(0) >= 0,
                   "must be 0 (never) or more"),
          LT_CHECK(E307, every_n_train_steps,
                   (o.every_n_train_steps.value_or(0) >= 1) + (o.every_n_epochs.value_or(0) >= 1) +
                           o.train_time_interval.has_value() <=
                       1,
                   "cannot be set together with every_n_epochs or train_time_interval, nor these "
                   "two together"),
          LT_CHECK(E304, save_top_k,
                   !o.monitor.empty() || (o.save_top_k >= -1 && o.save_top_k <= 1),
                   "must be -1, 0 or 1 without a monitor: there is nothing to rank by"))

LT_REFLECT(lt::ModelCheckpointState, (monitor, "metric"), (best_model_score, "best score"),
           (best_model_path, "best checkpoint"), (current_score, "latest score kept"),
           (dirpath, "folder"), (best_k_models, "kept checkpoints"),
           (kth_best_model_path, "worst kept checkpoint"), (kth_value, "worst kept score"),
           (last_model_path, "latest checkpoint"))
