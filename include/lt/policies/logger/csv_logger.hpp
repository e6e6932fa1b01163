// SPDX-License-Identifier: Apache-2.0
// CsvLogger: metrics in a table that every program reads.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/yaml_text.hpp"
#include "lt/policies/logger.hpp"
#include "lt/policies/logger/append_file.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace lt {

/// Lightning's arguments of `CSVLogger`.
struct CsvLoggerOptions {
  Text save_dir{};
  Text name = "lightning_logs";
  Text version{};
  Text prefix{};
  std::int64_t flush_logs_every_n_steps = 100;
};

}  // namespace lt

LT_REFLECT(lt::CsvLoggerOptions, (save_dir, "folder; default: the trainer's default_root_dir"),
           (name, "folder below save_dir; empty: none"),
           (version, "folder below name: a number (version_N) or a text; default: the next number"),
           (prefix, "written before each metric's name, with a dash"),
           (flush_logs_every_n_steps, "write to the file at least every n steps"))

LT_CHECKS(lt::CsvLoggerOptions, LT_CHECK(E340, flush_logs_every_n_steps,
                                         o.flush_logs_every_n_steps >= 1, "must be 1 or more"))

namespace lt {

/// Writes `save_dir/name/version_N/metrics.csv`, one row for each record, and `hparams.yaml`.
///
/// The header holds all names so far, sorted; a new name rewrites the file. Records wait in memory
/// until `save`, or for `flush_logs_every_n_steps`; a file is never left with half a row.
/// Errors: lt::ConfigError when the folder cannot be written; lt::Error when the disk is full, with
/// the rows that are lost. Source: Lightning, loggers/csv_logs.py.
class CsvLogger {
 public:
  using Options = CsvLoggerOptions;
  using policy_family = logger_tag;
  static constexpr std::string_view type_name = "CsvLogger";

  CsvLogger() : CsvLogger(Options{}) {}
  explicit CsvLogger(Options options) : options_(std::move(options)) {
    validate(options_, type_name);
  }
  CsvLogger(CsvLogger&&) = default;
  CsvLogger& operator=(CsvLogger&&) = default;
  ~CsvLogger() {
    try {
      save();
    } catch (const std::exception&) {
      // A destructor cannot say so; `save` and `finalize` do.
    }
  }

  // -- place ------------------------------------------------------------------------------------

  /// Finds the version and makes the folder. Later calls keep both.
  void open(RunView& run) {
    messages_ = &run.messages();
    silent_ = !run.is_global_zero();
    if (opened_) {
      return;
    }
    root_ = options_.save_dir.empty() ? run.default_root_dir().lexically_normal()
                                      : std::filesystem::path(options_.save_dir.view());
    version_ = run.broadcast(silent_ ? std::string() : make_folder());
    opened_ = true;
  }

  std::string name() const { return options_.name.str(); }
  /// `version_0`, or the text that was given; known once opened.
  std::string version() const { return version_; }
  std::string save_dir() const { return root_.string(); }
  /// The folder of this version.
  std::filesystem::path log_dir() const { return root_ / options_.name.view() / version_; }

  // -- records ----------------------------------------------------------------------------------

  void log_metrics(const MetricTable& metrics, std::int64_t step) {
    if (!ready()) {
      return;
    }
    Row row{step, {}};
    for (const auto& [key, value] : metrics) {
      row.values.set(options_.prefix.empty() ? key : text(options_.prefix, "-", key), value);
    }
    row.values.take("step");  // the column of the record's own step
    pending_.push_back(std::move(row));
    if ((step + 1) % options_.flush_logs_every_n_steps == 0) {
      save();
    }
  }

  /// Merges with what was logged before; written at once.
  void log_hyperparams(const HyperParams& params) {
    if (!ready()) {
      return;
    }
    for (const HyperParam& param : params) {
      const auto known =
          std::find_if(hyper_params_.begin(), hyper_params_.end(),
                       [&](const HyperParam& other) { return other.name == param.name; });
      if (known != hyper_params_.end()) {
        known->value = param.value;
      } else {
        hyper_params_.push_back(param);
      }
    }
    const std::filesystem::path path = log_dir() / "hparams.yaml";
    if (const auto why = detail::replace_file(path, yaml_text(hyper_params_))) {
      throw Error(text("lt[E343] CsvLogger: cannot write '", path.string(), "': ", *why));
    }
  }

  template <Reflected T>
  void log_hyperparams(const T& options) {
    log_hyperparams(hyper_params(options));
  }

  /// Writes the waiting records.
  void save() {
    if (pending_.empty()) {
      return;
    }
    // Whatever happens, a row is tried once: the next flush must not fail for it again.
    const std::vector<Row> rows = std::exchange(pending_, {});
    const std::vector<std::string> old_keys = keys_;
    add_keys(rows);
    const bool fresh = old_keys.empty();
    const bool rewrite = !fresh && keys_.size() != old_keys.size();
    std::string block = fresh ? header(keys_) : rewrite ? widened(old_keys) : std::string();
    for (const Row& row : rows) {
      append_row(block, row);
    }
    const std::filesystem::path path = metrics_file();
    const auto why =
        rewrite ? detail::replace_file(path, block) : detail::append_or_nothing(path, block);
    if (why) {
      keys_ = old_keys;
      const auto counted = [](std::size_t n) { return text(n, n == 1 ? " row" : " rows"); };
      throw Error(text("lt[E341] CsvLogger: cannot write '", path.string(), "': ", *why, "; lost ",
                       counted(rows.size()), " (step ", rows.front().step, " to step ",
                       rows.back().step, "); still there: ", counted(written_), " before"));
    }
    written_ += rows.size();
  }

  void finalize(std::string_view status) {
    try {
      save();
    } catch (const Error& error) {
      if (status != "failed") {
        throw;
      }
      // The run ends by another exception already, which must reach the caller.
      if (messages_ != nullptr) {
        messages_->warn("W341", error.what());
      }
    }
  }

 private:
  struct Row {
    std::int64_t step = 0;
    MetricTable values;
  };

  std::filesystem::path metrics_file() const { return log_dir() / "metrics.csv"; }

  // False on ranks that do not write. A logger may be used without a run: then it opens itself.
  bool ready() {
    if (!opened_) {
      root_ = std::filesystem::path(options_.save_dir.view());
      version_ = make_folder();
      opened_ = true;
    }
    return !silent_;
  }

  // -- the folder -------------------------------------------------------------------------------

  static bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  std::string make_folder() {
    const std::filesystem::path parent = root_ / options_.name.view();
    try {
      std::filesystem::create_directories(parent.empty() ? "." : parent);
      std::string version = options_.version.str();
      if (version.empty()) {
        std::int64_t number = next_version(parent);
        do {
          version = text("version_", number++);  // another process may have taken it meanwhile
        } while (!std::filesystem::create_directory(parent / version));
      } else {
        version = is_number(version) ? "version_" + version : version;
        if (!std::filesystem::create_directories(parent / version)) {
          forget_earlier(parent / version);
        }
      }
      if (::access((parent / version).c_str(), W_OK) != 0) {
        throw std::filesystem::filesystem_error("", parent / version,
                                                std::make_error_code(std::errc::permission_denied));
      }
      return version;
    } catch (const std::filesystem::filesystem_error& error) {
      throw ConfigError(text("lt[E342] CsvLogger: cannot write to folder '", error.path1().string(),
                             "': ", error.code().message(),
                             "; expected a save_dir that can be written; found save_dir = '",
                             root_.string(), "'"));
    }
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

  void forget_earlier(const std::filesystem::path& folder) {
    if (std::filesystem::is_empty(folder)) {
      return;
    }
    if (messages_ != nullptr) {
      messages_->warn("W340", text("CsvLogger: folder '", folder.string(),
                                   "' exists and is not empty; its metrics.csv is replaced"));
    }
    std::filesystem::remove(folder / "metrics.csv");
  }

  // -- the table --------------------------------------------------------------------------------

  void add_keys(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      for (const auto& entry : row.values) {
        insert_key(entry.first);
      }
    }
    insert_key("step");
  }

  void insert_key(const std::string& key) {
    const auto at = std::lower_bound(keys_.begin(), keys_.end(), key);
    if (at == keys_.end() || *at != key) {
      keys_.insert(at, key);
    }
  }

  static std::string header(const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& key : keys) {
      out += out.empty() ? "" : ",";
      if (key.find_first_of(",\"\r\n") == std::string::npos) {
        out += key;
        continue;
      }
      out += '"';
      for (const char c : key) {
        out += c == '"' ? "\"\"" : std::string(1, c);
      }
      out += '"';
    }
    return out + "\r\n";
  }

  void append_row(std::string& out, const Row& row) const {
    bool first = true;
    for (const std::string& key : keys_) {
      out += first ? "" : ",";
      first = false;
      if (key == "step") {
        out += text(row.step);
      } else if (const auto value = row.values.find(key)) {
        out += cell(key, *value);
      }
    }
    out += "\r\n";
  }

  // `epoch` is a whole number in Python, too.
  std::string cell(std::string_view key, double value) const {
    const bool whole = key.ends_with("epoch") && key.size() == epoch_size() &&
                       value == std::trunc(value) && std::fabs(value) < 1e15;
    return whole ? text(static_cast<std::int64_t>(value)) : python_repr(value);
  }
  std::size_t epoch_size() const {
    const std::size_t prefix = options_.prefix.view().size();
    return prefix + (prefix == 0 ? 0 : 1) + std::string_view("epoch").size();
  }

  // The file with the new columns. Cells are numbers, so a comma always ends one.
  std::string widened(const std::vector<std::string>& old_keys) const {
    std::ifstream in(metrics_file(), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    std::string out = header(keys_);
    std::string_view rest = whole;
    rest.remove_prefix(std::min(rest.size(), header(old_keys).size()));
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("\r\n"), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(rest.size(), end + 2));
      std::size_t column = 0;
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        out += i == 0 ? "" : ",";
        if (column < old_keys.size() && keys_[i] == old_keys[column]) {
          const std::size_t comma = std::min(line.find(','), line.size());
          out += line.substr(0, comma);
          line.remove_prefix(std::min(line.size(), comma + 1));
          ++column;
        }
      }
      out += "\r\n";
    }
    return out;
  }

  Options options_;
  std::filesystem::path root_;
  std::string version_;
  bool opened_ = false;
  bool silent_ = false;
  Messages* messages_ = nullptr;
  std::vector<std::string> keys_;  // the columns, sorted
  std::vector<Row> pending_;
  std::size_t written_ = 0;
  HyperParams hyper_params_;
};

}  // namespace lt
