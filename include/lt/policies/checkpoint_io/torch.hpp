// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/torch_file.hpp"
#include "lt/policies/checkpoint_io.hpp"
#include "lt/policies/checkpoint_io/files.hpp"

#include <filesystem>
#include <string_view>

namespace lt::checkpoint_io {

/// One file for each checkpoint, as Python's Lightning writes it: `torch.load` reads it with
/// `weights_only=True`, Lightning resumes from it, and Lightning's own files are read. Its headers
/// are heavy: include lt/torch_checkpoint.hpp.
class Torch {
 public:
  using policy_family = checkpoint_io_tag;
  static constexpr std::string_view name = "Torch";

  /// Errors: lt::CheckpointError lt[E222], lt[E224]; an earlier file then stays whole.
  void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    detail::create_folder_of(path);
    checkpoint::write_torch(path, checkpoint);
  }
  /// Errors: lt::CheckpointError, lt[E201] without such a file, lt[E221] if it cannot be read.
  Checkpoint load_checkpoint(const std::filesystem::path& path) {
    return checkpoint::read_torch(path);
  }
  /// Errors: lt::CheckpointError lt[E222] if it is there but cannot be removed.
  void remove_checkpoint(const std::filesystem::path& path) { detail::remove_file(path); }
  void teardown() {}
};

}  // namespace lt::checkpoint_io
