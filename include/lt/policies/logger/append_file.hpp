// SPDX-License-Identifier: Apache-2.0
// Writing files so that what was there before survives a full disk.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lt::detail {

/// Writes all of `text`; false with errno set if that is not possible.
inline bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Closes; the reason of a failure, of this call or an earlier one (`failed`).
inline std::optional<std::string> close_file(int file, int failed) {
  if (::close(file) != 0 && failed == 0) {
    failed = errno;
  }
  return failed == 0 ? std::nullopt : std::optional<std::string>(std::strerror(failed));
}

/// Appends all of `text` or nothing. Returns why it failed.
inline std::optional<std::string> append_or_nothing(const std::filesystem::path& path,
                                                    std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) {
    return std::strerror(errno);
  }
  struct stat before{};
  int failed = 0;
  if (::fstat(file, &before) != 0 || !write_all(file, text)) {
    failed = errno;
    // Cuts off a row that was written in part; the close reports the first failure.
    if (::ftruncate(file, before.st_size) != 0) {
      failed = errno;
    }
  }
  return close_file(file, failed);
}

/// Puts a new file in the place of the old one, which stays whole if that fails. Returns why.
inline std::optional<std::string> replace_file(const std::filesystem::path& path,
                                               std::string_view text) {
  std::filesystem::path fresh = path;
  fresh += ".tmp";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) {
    return std::strerror(errno);
  }
  const bool written = write_all(file, text);
  std::optional<std::string> why = close_file(file, written ? 0 : errno);
  if (!why && ::rename(fresh.c_str(), path.c_str()) != 0) {
    why = std::strerror(errno);
  }
  if (why) {
    ::unlink(fresh.c_str());
  }
  return why;
}

}  // namespace lt::detail
