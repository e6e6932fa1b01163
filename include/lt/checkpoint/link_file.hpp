// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <filesystem>
#include <system_error>

namespace lt::checkpoint {

/// Makes `link` a relative symbolic link to `target`, replacing what is there; a copy where links
/// are not permitted. Errors: lt::CheckpointError naming both.
inline void link_file(const std::filesystem::path& target, const std::filesystem::path& link) {
  std::error_code error;
  std::filesystem::remove_all(link, error);
  const auto relative = std::filesystem::proximate(target, link.parent_path(), error);
  std::filesystem::create_symlink(error ? target : relative, link, error);
  if (error) {
    error.clear();
    std::filesystem::copy(target, link, std::filesystem::copy_options::recursive, error);
  }
  if (error) {
    throw CheckpointError(text("lt[E207] cannot link ", link.string(), " to ", target.string(), ": ",
                               error.message()));
  }
}

}  // namespace lt::checkpoint
