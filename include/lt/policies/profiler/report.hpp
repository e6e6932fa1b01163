// SPDX-License-Identifier: Apache-2.0
// Where a profiler's report goes: a file, or the messages of the run.
// Source: Lightning, profilers/profiler.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/messages.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/text.hpp"

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lt::detail {

/// `<dirpath>/<stage>-<filename>[-<rank>].txt`, appended to, if there is a filename; otherwise a
/// message of rank zero. Without a dirpath it is the folder of the first logger.
class Report {
 public:
  Report(std::string_view profiler, std::string_view dirpath, std::string_view filename)
      : profiler_(profiler), dirpath_(dirpath), filename_(filename) {}

  void open(RunView& run) {
    messages_ = &run.messages();
    stage_ = enum_name(run.fn());
    rank_ = run.world_size > 1 ? text(run.global_rank) : std::string();
    if (dirpath_.empty()) {
      const std::vector<LoggerPlace> places = run.logger_places();
      dirpath_ = places.empty() ? run.default_root_dir()
                                : std::filesystem::path(places[0].save_dir) / places[0].name /
                                      places[0].version;
    }
  }

  /// `FIT Profiler Report`
  std::string title() const {
    std::string out;
    for (const char c : stage_) {
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return out + (out.empty() ? "Profiler Report" : " Profiler Report");
  }
  const std::string& rank() const { return rank_; }

  /// A file beside the report; characters that paths do not take become `_`.
  std::filesystem::path path(std::string_view action, std::string_view extension) const {
    std::string base;
    for (const std::string_view piece :
         {std::string_view(stage_), std::string_view(filename_), std::string_view(rank_), action}) {
      base += base.empty() || piece.empty() ? "" : "-";
      base += piece;
    }
    std::string safe;
    for (const char c : base) {
      const bool unsafe = std::string_view("\\/:*?\"<>|\n\r\t").find(c) != std::string_view::npos;
      if (!((unsafe || c == '_') && safe.ends_with('_'))) {
        safe += unsafe ? '_' : c;
      }
    }
    return dirpath_ / ((safe.empty() ? "profile" : safe) + std::string(extension));
  }

  /// Errors: lt::Error lt[E361] when the file cannot be written.
  void write(std::string_view summary) const {
    if (!filename_.empty()) {
      write_file(path({}, ".txt"), summary, std::ios::app);
    } else if (messages_ != nullptr) {
      messages_->info("I361", summary);
    } else {
      write_to_stderr({Severity::info, "I361", summary});
    }
  }
  void write_file(const std::filesystem::path& file, std::string_view content,
                  std::ios::openmode mode) const {
    std::error_code none;
    std::filesystem::create_directories(file.parent_path(), none);
    std::ofstream out(file, mode | std::ios::binary);
    out << content;
    out.close();
    if (!out) {
      throw Error(text("lt[E361] ", profiler_, ": cannot write '", file.string(),
                       "'; expected a dirpath that can be written and a disk with room"));
    }
  }

 private:
  std::string profiler_;
  std::filesystem::path dirpath_;
  std::string filename_;
  std::string stage_;
  std::string rank_;
  Messages* messages_ = nullptr;
};

/// Python's `f"{value:.5}"`.
inline std::string five_digits(double value) {
  return python_format(value, ".5");
}

/// Text in a field of at least `width` characters.
inline std::string left(std::string_view value, std::size_t width) {
  return std::string(value) + std::string(value.size() < width ? width - value.size() : 0, ' ');
}
inline std::string right(std::string_view value, std::size_t width) {
  return std::string(value.size() < width ? width - value.size() : 0, ' ') + std::string(value);
}

}  // namespace lt::detail
