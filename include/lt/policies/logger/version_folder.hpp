// SPDX-License-Identifier: Apache-2.0
// Where a logger keeps its files: `save_dir/name/version_N`. Source: Lightning,
// loggers/csv_logs.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace lt::detail {

/// Finds the next version and makes its folder. A name or version with slashes is folders in
/// folders, as in Lightning; one that leads out of save_dir is refused.
class VersionFolder {
 public:
  /// The options of a logger, as they were given.
  VersionFolder(std::string_view logger, std::string_view save_dir, std::string_view name,
                std::string_view version)
      : logger_(logger), root_(save_dir), name_(name), version_(version) {
    require_below("name", name_);
    require_below("version", version_);
  }

  bool opened() const { return opened_; }
  /// True if the folder was there before and held something.
  bool had_files() const { return had_files_; }
  const std::string& name() const { return name_; }
  /// `version_0`, or the text that was given; known once opened.
  std::string version() const { return opened_ ? version_ : std::string(); }
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path path() const { return root_ / name_ / version_; }

  /// For a run: without a save_dir it is the trainer's folder. Rank zero makes the folder and tells
  /// the others. Later calls keep what the first one found.
  void open(RunView& run) {
    if (opened_) {
      return;
    }
    if (root_.empty()) {
      root_ = run.default_root_dir().lexically_normal();
    }
    version_ = run.broadcast(run.is_global_zero() ? make() : std::string());
    opened_ = true;
  }
  /// Without a run.
  void open() {
    if (!opened_) {
      version_ = make();
      opened_ = true;
    }
  }

  /// Errors: lt::ConfigError when a folder cannot be made or written.
  void create(const std::filesystem::path& folder) const {
    try {
      std::filesystem::create_directories(folder);
      require_writable(folder);
    } catch (const std::filesystem::filesystem_error& error) {
      refuse(error);
    }
  }

 private:
  static bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  void require_below(std::string_view option, const std::string& value) const {
    const std::filesystem::path path(value);
    if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
      throw ConfigError(text("lt[E354] ", logger_, ": ", option, " = '", value,
                             "' leads out of save_dir; expected a name, or folders below save_dir "
                             "as in 'sweep/run'"));
    }
  }

  std::string make() {
    const std::filesystem::path parent = root_ / name_;
    try {
      std::filesystem::create_directories(parent.empty() ? "." : parent);
      std::string version = version_;
      if (version.empty()) {
        std::int64_t number = next_version(parent);
        do {
          version = text("version_", number++);  // another process may have taken it meanwhile
        } while (!std::filesystem::create_directory(parent / version));
      } else {
        version = is_number(version) ? "version_" + version : version;
        had_files_ = !std::filesystem::create_directories(parent / version) &&
                     !std::filesystem::is_empty(parent / version);
      }
      require_writable(parent / version);
      return version;
    } catch (const std::filesystem::filesystem_error& error) {
      refuse(error);
    }
  }

  static void require_writable(const std::filesystem::path& folder) {
    if (::access(folder.c_str(), W_OK) != 0) {
      throw std::filesystem::filesystem_error("", folder,
                                              std::make_error_code(std::errc::permission_denied));
    }
  }

  [[noreturn]] void refuse(const std::filesystem::filesystem_error& error) const {
    throw ConfigError(text("lt[E342] ", logger_, ": cannot write to folder '",
                           error.path1().string(), "': ", error.code().message(),
                           "; expected a save_dir that can be written; found save_dir = '",
                           root_.string(), "'"));
  }

  static std::int64_t next_version(const std::filesystem::path& parent) {
    constexpr std::string_view stem = "version_";
    std::int64_t next = 0;
    for (const auto& entry : std::filesystem::directory_iterator(parent.empty() ? "." : parent)) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_directory() || !name.starts_with(stem)) {
        continue;
      }
      const std::string_view rest = std::string_view(name).substr(stem.size());
      const std::string_view digits = rest.substr(0, rest.find('_'));
      std::int64_t number = 0;
      if (is_number(digits) &&
          std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc()) {
        next = std::max(next, number + 1);
      }
    }
    return next;
  }

  std::string logger_;
  std::filesystem::path root_;
  std::string name_;
  std::string version_;
  bool opened_ = false;
  bool had_files_ = false;
};

}  // namespace lt::detail
