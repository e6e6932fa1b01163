// SPDX-License-Identifier: Apache-2.0
// What the loggers that write files below `save_dir/name/version` share.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hyper_params.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/text.hpp"
#include "lt/core/writer_thread.hpp"
#include "lt/core/yaml_text.hpp"
#include "lt/policies/logger/append_file.hpp"
#include "lt/policies/logger/version_folder.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lt::detail {

/// The name under which a metric is written.
inline std::string prefixed(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : text(prefix, "-", name);
}

/// The epoch is a whole number in Python; everything else is a float.
inline std::string number_text(std::string_view prefix, std::string_view name, double value) {
  return name == prefixed(prefix, "epoch") && value == std::trunc(value) && std::fabs(value) < 1e15
             ? text(static_cast<std::int64_t>(value))
             : python_repr(value);
}

/// A logger whose files are written by a `Sink`, on a thread of its own: `Sink(folder)`, and
/// `sink.flush()`, which writes what it was given. The logger made of it has `Sink make_sink()`,
/// posts records with `post`, and names itself by `type_name`.
///
/// Errors: lt::ConfigError from `open` when the folder cannot be written; lt::Error from the next
/// `save` or `finalize` after a write failed. Under `finalize("failed")` that is a warning: the run
/// ends by another exception, which must reach the caller.
template <class Logger, class Sink>
class FileLogger {
 public:
  using policy_family = logger_tag;

  /// Finds the version and makes the folder. Later calls keep both.
  void open(RunView& run) {
    messages_ = &run.messages();
    silent_ = !run.is_global_zero();
    const bool first = !folder_.opened();
    folder_.open(run);
    if (first && !silent_) {
      begin();
    }
  }

  std::string name() const { return folder_.name(); }
  /// `version_0`, or the text that was given; known once opened.
  std::string version() const { return folder_.version(); }
  std::string save_dir() const { return folder_.root().string(); }
  /// The folder of this version.
  std::filesystem::path log_dir() const { return folder_.path(); }

  /// Merges with what was logged before; `hparams.yaml` is written at once.
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
    const std::filesystem::path path = self().log_dir() / "hparams.yaml";
    if (const auto why = replace_file(path, yaml_text(hyper_params_))) {
      throw Error(text("lt[E343] ", Logger::type_name, ": cannot write '", path.string(), "': ",
                       *why));
    }
  }
  template <Reflected T>
  void log_hyperparams(const T& options) {
    self().log_hyperparams(hyper_params(options));
  }

  /// Everything logged so far is written when it returns.
  void save() {
    if (writer_) {
      writer_->post(&Sink::flush);
      writer_->wait();
    }
  }
  /// Everything logged so far is on its way; nothing is waited for.
  void save_soon() {
    if (writer_) {
      writer_->post(&Sink::flush);
      writer_->check();
    }
  }
  /// Waits for what is on its way.
  void wait() {
    if (writer_) {
      writer_->wait();
    }
  }

  void finalize(std::string_view status) {
    try {
      save();
    } catch (const Error& error) {
      if (status != "failed") {
        throw;
      }
      if (messages_ != nullptr) {
        messages_->warn("W341", error.what());
      }
    }
  }

 protected:
  explicit FileLogger(VersionFolder folder) : folder_(std::move(folder)) {}
  FileLogger(FileLogger&&) = default;
  ~FileLogger() {
    if (writer_) {
      writer_->post(&Sink::flush);  // the writer's destructor does it; errors are lost here
    }
  }

  /// False on ranks that do not write. A logger may be used without a run: then it opens itself.
  bool ready() {
    if (!folder_.opened()) {
      folder_.open();
      begin();
    }
    return !silent_;
  }
  void post(typename WriterThread<Sink>::Job job) { writer_->post(std::move(job)); }
  const VersionFolder& folder() const { return folder_; }
  Messages* messages() const { return messages_; }

 private:
  Logger& self() { return static_cast<Logger&>(*this); }
  void begin() { writer_ = std::make_unique<WriterThread<Sink>>(self().make_sink()); }

  VersionFolder folder_;
  std::unique_ptr<WriterThread<Sink>> writer_;
  HyperParams hyper_params_;
  Messages* messages_ = nullptr;
  bool silent_ = false;
};

}  // namespace lt::detail
