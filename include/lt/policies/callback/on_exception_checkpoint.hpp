// SPDX-License-Identifier: Apache-2.0
// OnExceptionCheckpoint: saves when the run breaks off, so that it can go on where it was.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/callback.hpp"

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace lt {

/// Lightning's arguments of `OnExceptionCheckpoint`.
struct OnExceptionCheckpointOptions {
  Text dirpath{};
  Text filename = "on_exception";
};

}  // namespace lt

LT_REFLECT(lt::OnExceptionCheckpointOptions,
           (dirpath, "folder; there is no default, since the run may break off at any moment"),
           (filename, "name without extension"))

LT_CHECKS(lt::OnExceptionCheckpointOptions,
          LT_CHECK(E331, dirpath, !o.dirpath.empty(), "must name a folder"),
          LT_CHECK(E332, filename, !o.filename.empty(), "must not be empty"))

namespace lt {

/// Saves `dirpath/filename.ckpt` when the run ends by an exception or an interrupt, and removes the
/// file at the end of a run that went well. A fit that is not told otherwise resumes from it
/// (`ckpt_path = "last"`).
///
/// Source: Lightning, callbacks/on_exception_checkpoint.py.
class OnExceptionCheckpoint {
 public:
  using Options = OnExceptionCheckpointOptions;
  static constexpr std::string_view name = "OnExceptionCheckpoint";
  static constexpr CallbackOrder order = CallbackOrder::checkpoint;

  explicit OnExceptionCheckpoint(Options options) : options_(std::move(options)) {
    validate(options_, name);
  }

  std::string FILE_EXTENSION = ".ckpt";

  const Options& options() const { return options_; }
  std::string ckpt_path() const {
    return (std::filesystem::path(options_.dirpath.view()) /
            (options_.filename.str() + FILE_EXTENSION))
        .string();
  }

  // -- hooks ------------------------------------------------------------------------------------

  void on_exception(RunView& run, const std::exception&) { run.save_checkpoint(ckpt_path()); }
  void teardown(RunView& run, RunFn) { run.remove_checkpoint(ckpt_path()); }

  // -- files ------------------------------------------------------------------------------------

  /// Marks a callback whose checkpoint a fit without a `ckpt_path` resumes from.
  static constexpr bool is_exception_checkpoint() { return true; }

  /// The checkpoint that `ckpt_path = "last"` may mean.
  std::vector<std::filesystem::path> find_last_checkpoints(RunView&) const {
    std::error_code none;
    const std::filesystem::path path = ckpt_path();
    return std::filesystem::exists(path, none) ? std::vector{path}
                                               : std::vector<std::filesystem::path>{};
  }

 private:
  Options options_;
};

}  // namespace lt
