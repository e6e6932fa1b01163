// SPDX-License-Identifier: Apache-2.0
// What the checkpoint IOs that write files share.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <filesystem>
#include <system_error>

namespace lt::checkpoint_io::detail {

inline void create_folder_of(const std::filesystem::path& path) {
  if (!path.has_parent_path()) {
    return;
  }
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    throw CheckpointError(lt::text("lt[E222] the folder of the checkpoint ", path.string(),
                                   " cannot be created: ", error.message()));
  }
}

inline void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) {
    throw CheckpointError(
        lt::text("lt[E222] checkpoint ", path.string(), " cannot be removed: ", error.message()));
  }
}

}  // namespace lt::checkpoint_io::detail
