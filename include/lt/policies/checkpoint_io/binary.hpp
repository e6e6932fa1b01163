// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/binary.hpp"
#include "lt/policies/checkpoint_io.hpp"
#include "lt/policies/checkpoint_io/files.hpp"

#include <filesystem>
#include <string_view>

namespace lt::checkpoint_io {

/// One file for each checkpoint, in lt's own compact form: quick and checked for damage, but read
/// by lt only.
class Binary {
 public:
  using policy_family = checkpoint_io_tag;
  static constexpr std::string_view name = "Binary";

  /// Errors: lt::CheckpointError lt[E222]; an earlier file then stays whole.
  void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    detail::create_folder_of(path);
    checkpoint::write_binary(path, checkpoint);
  }
  /// Errors: lt::CheckpointError, lt[E201] without such a file, lt[E221] if it is damaged.
  Checkpoint load_checkpoint(const std::filesystem::path& path) {
    return checkpoint::read_binary(path);
  }
  /// Errors: lt::CheckpointError lt[E222] if it is there but cannot be removed.
  void remove_checkpoint(const std::filesystem::path& path) { detail::remove_file(path); }
  void teardown() {}
};

}  // namespace lt::checkpoint_io
