// SPDX-License-Identifier: Apache-2.0
// The output of several processes on one terminal: whole lines, each with its rank before it.
#pragma once

#include "lt/distributed/process.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lt::distributed {

/// Writes all of it, in one call where the system lets it.
inline void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return;  // nobody reads any more
    }
    bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

/// The reading end of a rank's output.
class PrefixedOutput {
 public:
  PrefixedOutput(Descriptor pipe, std::string prefix)
      : pipe_(std::move(pipe)), prefix_(std::move(prefix)) {}

  int descriptor() const { return pipe_.get(); }
  bool is_open() const { return pipe_.is_open(); }

  /// Reads what is there, without waiting, and passes whole lines on.
  void read_ready() {
    std::array<char, 1 << 14> buffer;
    for (;;) {
      const ssize_t count = ::read(pipe_.get(), buffer.data(), buffer.size());
      if (count > 0) {
        take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        finish();
        return;
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }
  /// The last line, even without an end.
  void finish() {
    pipe_.reset();
    if (!line_.empty()) {
      write_all(STDOUT_FILENO, prefix_ + std::exchange(line_, {}) + "\n");
    }
  }

 private:
  // A carriage return ends a line as well: redrawn progress would otherwise never be seen.
  void take(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
      if (c != '\n' && c != '\r') {
        line_ += c;
      } else if (c == '\n' || !line_.empty()) {
        out += prefix_ + std::exchange(line_, {}) + "\n";
      }
    }
    write_all(STDOUT_FILENO, out);
  }

  Descriptor pipe_;
  std::string prefix_;
  std::string line_;
};

}  // namespace lt::distributed
