// SPDX-License-Identifier: Apache-2.0
// A named pipe in the place of a file: a disk that does not answer until somebody reads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lt_test {

/// Makes the pipe; opening it for writing hangs until `start`. The reader holds its end open until
/// the writer has written all, so a writer that opens the pipe several times loses nothing.
class PipeReader {
 public:
  explicit PipeReader(std::filesystem::path pipe) : path_(std::move(pipe)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) {
      throw std::runtime_error(path_.string() + ": " + std::strerror(errno));
    }
  }
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;
  ~PipeReader() {
    if (thread_.joinable()) {
      finish();
    }
  }

  void start() {
    thread_ = std::thread([this] {
      const int pipe_end = ::open(path_.c_str(), O_RDONLY);
      std::array<char, 4096> some{};
      while (true) {
        const bool last = written_.load();  // asked before the pipe is found empty
        const ssize_t count = ::read(pipe_end, some.data(), some.size());
        text_.append(some.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count <= 0 && last) {
          break;
        }
        std::this_thread::yield();
      }
      ::close(pipe_end);
    });
  }

  /// What came through the pipe, once the writer has written all.
  const std::string& finish() {
    written_ = true;
    thread_.join();
    return text_;
  }

 private:
  std::filesystem::path path_;
  std::atomic<bool> written_ = false;
  std::string text_;
  std::thread thread_;
};

}  // namespace lt_test
