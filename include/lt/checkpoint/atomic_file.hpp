// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <fcntl.h>  // POSIX: only it can sync a file and its folder
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lt::checkpoint {

namespace detail {
/// Repeats a system call that a signal has interrupted.
template <class F>
auto retry(F&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}
}  // namespace detail

/// A file that appears whole or not at all. What is written goes into a temporary file in the same
/// folder; `commit` syncs it to the disk, renames it to `target` and syncs the folder. Without a
/// `commit` (an error, an exception) the temporary file is removed and an earlier file stays whole;
/// only a killed process leaves one behind (`.lt-<process>-<number>.tmp`).
///
///     AtomicFile file("last.ckpt");
///     file.write(data, size);
///     file.commit();
///
/// Errors: lt::CheckpointError lt[E222] with the file and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target)
      : target_(std::move(target)), buffer_(std::make_unique<char[]>(buffer_size)) {
    static std::atomic<std::uint64_t> count = 0;
    do {  // short, so that a target with a long name works; processes may share the folder
      temporary_ = folder() / lt::text(".lt-", ::getpid(), "-", count++, ".tmp");
      file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (file_ < 0 && (errno == EEXIST || errno == EINTR));
    if (file_ < 0) {
      fail("cannot be created");
    }
  }

  ~AtomicFile() { discard(); }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& target() const { return target_; }

  void write(const void* data, std::size_t size) {
    if (size > buffer_size - used_) {
      flush();
      if (size >= buffer_size) {
        write_through(static_cast<const char*>(data), size);
        return;
      }
    }
    const auto* bytes = static_cast<const char*>(data);
    std::copy(bytes, bytes + size, buffer_.get() + used_);
    used_ += size;
  }

  /// The file takes its place; nothing may be written after it.
  void commit() {
    flush();
    if (detail::retry([&] { return ::fsync(file_); }) != 0) {
      fail("cannot be synced to the disk");
    }
    if (::close(std::exchange(file_, -1)) != 0) {
      fail("cannot be written");
    }
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
      fail("cannot be put in place");
    }
    temporary_.clear();
    sync_folder();
  }

 private:
  static constexpr std::size_t buffer_size = 1 << 16;

  std::filesystem::path folder() const {
    return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  }

  void write_through(const char* data, std::size_t size) {
    constexpr std::size_t most = 1 << 30;  // the system writes at most 2 GB at a time
    while (size > 0) {
      const auto written =
          detail::retry([&] { return ::write(file_, data, std::min(size, most)); });
      if (written < 0) {
        fail("cannot be written");
      }
      data += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  void flush() { write_through(buffer_.get(), std::exchange(used_, 0)); }

  /// Without it the new name could be lost in a power failure.
  void sync_folder() const {
    const int opened = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) {
      return;  // a folder that may be written but not read
    }
    const int result = detail::retry([&] { return ::fsync(opened); });
    const int reason = errno;
    ::close(opened);
    if (result != 0 && reason != EINVAL && reason != ENOTSUP) {  // some file systems cannot
      errno = reason;
      throw CheckpointError(message("is written, but its folder cannot be synced to the disk"));
    }
  }

  std::string message(std::string_view what) const {
    const int reason = errno;
    return lt::text("lt[E222] checkpoint ", target_.string(), " ", what, ": ",
                    std::generic_category().message(reason));
  }

  [[noreturn]] void fail(std::string_view what) {
    const std::string why = message(what);
    discard();
    throw CheckpointError(why);
  }

  void discard() {
    if (file_ >= 0) {
      ::close(std::exchange(file_, -1));
    }
    if (!temporary_.empty()) {
      ::unlink(temporary_.c_str());
      temporary_.clear();
    }
  }

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  int file_ = -1;
};

}  // namespace lt::checkpoint
