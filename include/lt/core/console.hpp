// SPDX-License-Identifier: Apache-2.0
// Where progress and summaries are written: standard output, or what a test puts in its place.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lt {

/// An output for people. Copies write to the same place.
class Console {
 public:
  /// Standard output.
  Console() : Console(stdout) {}

  /// A file, which may be a terminal.
  explicit Console(std::FILE* file) : file_(file) {
    const int descriptor = fileno(file);
    const char* const term = std::getenv("TERM");
    is_terminal_ = descriptor >= 0 && isatty(descriptor) == 1 && term != nullptr &&
                   std::string_view(term) != "dumb";
    winsize size{};
    if (is_terminal_ && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      width_ = size.ws_col;
    }
    unicode_ = locale_is_unicode();
  }

  /// A text that what is written is appended to, with the properties it is said to have.
  Console(std::string& capture, bool is_terminal, int width = 80, bool unicode = true)
      : capture_(&capture), is_terminal_(is_terminal), width_(width), unicode_(unicode) {}

  void write(std::string_view text) const {
    if (capture_ != nullptr) {
      *capture_ += text;
      return;
    }
    std::fwrite(text.data(), 1, text.size(), file_);
    std::fflush(file_);
  }
  bool is_terminal() const { return is_terminal_; }
  /// Columns of the terminal.
  int width() const { return width_; }
  /// Whether characters beyond ASCII can be shown.
  bool unicode() const { return unicode_; }

 private:
  static bool locale_is_unicode() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
      const char* const value = std::getenv(name);
      if (value != nullptr && *value != '\0') {
        const std::string_view locale = value;
        return locale.find("UTF-8") != std::string_view::npos ||
               locale.find("utf8") != std::string_view::npos;
      }
    }
    return false;
  }

  std::FILE* file_ = nullptr;
  std::string* capture_ = nullptr;
  bool is_terminal_ = false;
  int width_ = 80;
  bool unicode_ = false;
};

}  // namespace lt
