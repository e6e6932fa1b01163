// SPDX-License-Identifier: Apache-2.0
// What is observed during one call on a trainer.
#pragma once

#include "values.hpp"

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/core/run_view.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace conformance {

/// Which loaders of the case belong to a stage of evaluation, and whether they come one after the
/// other: then their index is an argument of the hooks.
struct Several {
  bool val = false;
  bool test = false;
  bool predict = false;
};

/// Collects the sections of a trace that grow while a call runs. One for each run.
class Recorder {
 public:
  explicit Recorder(std::filesystem::path root_dir) : root(std::move(root_dir)) { begin(); }

  /// Forgets what the call before has shown.
  void begin();

  /// Notes that `hook` was called on `on`; `info` are the fields that only this hook has.
  void event(std::string_view hook, std::string_view on, const Json& info = Json::object());

  /// How often `hook` has been called on `on` in this run before.
  std::int64_t next_call(std::string_view hook, std::string_view on) {
    return counts_[{std::string(hook), std::string(on)}]++;
  }

  /// Paths below the root directory as they stand in traces.
  std::string relative(const std::filesystem::path& path) const;

  std::filesystem::path root;
  Several several;
  lt::RunView* run = nullptr;                 // of the trainer, once there is one
  std::function<lt::BatchCount()> estimated;  // its estimated_stepping_batches()

  Json events;
  Json steps;
  Json train_outputs;
  Json logged;
  Json snapshots;
  Json plan;

 private:
  std::map<std::pair<std::string, std::string>, std::int64_t> counts_;
};

/// The fields `batch_idx` and, where several loaders come one after the other, `dataloader_idx`.
Json batch_info(std::int64_t batch_idx, std::optional<std::int64_t> dataloader_idx = {});

/// The fields of checkpoint hooks.
Json checkpoint_info(const lt::Checkpoint& checkpoint);

}  // namespace conformance
