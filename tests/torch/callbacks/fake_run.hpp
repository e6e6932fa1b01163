// SPDX-License-Identifier: Apache-2.0
// A run without a trainer: callbacks are called by hand and everything they ask for is noted.
#pragma once

#include "lt/core/run_view.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace lt_test {

/// A folder that is gone with its object.
class TempFolder {
 public:
  TempFolder() {
    static int count = 0;
    path = std::filesystem::temp_directory_path() /
           ("lt_callbacks_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path);
    path = std::filesystem::canonical(path);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code none;
    std::filesystem::remove_all(path, none);
  }

  std::string operator/(std::string_view name) const { return (path / name).string(); }

  std::filesystem::path path;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

struct FakeParts {
  lt::RunState run_state;
  lt::TrainerOptions trainer_options;
  lt::Messages run_messages;
};

/// The context given to hooks. Set its state, options and metrics; read `events` and `said`.
class FakeRun : private FakeParts, public lt::RunView {
 public:
  FakeRun() : lt::RunView(run_state, trainer_options, run_messages, services()) {
    run_state.fn = lt::RunFn::fit;
    run_state.stage = lt::Stage::train;
    run_state.plan.num_val_batches = {1};
    run_messages.set_sink([this](const lt::Message& message) {
      said.push_back("lt[" + std::string(message.code) + "] " + std::string(message.text));
    });
  }

  lt::TrainerOptions& trainer() { return trainer_options; }
  void at(std::int64_t epoch, std::int64_t global_step) {
    run_state.fit.epochs.current.completed = epoch;
    run_state.fit.optimizer_steps.total.completed = global_step;
    run_state.fit.manual_steps.total.completed = global_step;
  }
  /// Sets a metric as `log` would keep it.
  void metric(std::string_view name, double value) { callback_metrics_.set(name, round(value)); }

  std::vector<std::string> events;  // "save a.ckpt", "remove a.ckpt", "link last.ckpt -> a.ckpt"
  std::vector<std::string> said;
  std::vector<lt::LoggerPlace> places;
  std::vector<lt::GroupView> group_views;
  std::vector<lt::ScheduleView> schedule_views;
  std::vector<std::pair<std::int64_t, lt::MetricTable>> logged;  // step and record
  std::filesystem::path root;  // paths in events are relative to it
  int reads = 0;               // of the progress bar's metrics

  std::vector<std::string> take_events() { return std::exchange(events, {}); }

 private:
  static FakeRun& self(lt::RunView& run) { return static_cast<FakeRun&>(run); }
  std::string shown(const std::filesystem::path& path) const {
    return root.empty() ? path.string() : path.lexically_relative(root).string();
  }

  static const lt::RunServices& services() {
    static const lt::RunServices table = [] {
      lt::RunServices out;
      out.refresh_metrics = [](lt::RunView& run, lt::MetricKind) { ++self(run).reads; };
      out.save_checkpoint = [](lt::RunView& run, const std::filesystem::path& path, bool weights) {
        FakeRun& me = self(run);
        me.events.push_back("save " + me.shown(path) + (weights ? " weights" : ""));
        write_file(path, "checkpoint");
      };
      out.remove_checkpoint = [](lt::RunView& run, const std::filesystem::path& path) {
        self(run).events.push_back("remove " + self(run).shown(path));
        std::filesystem::remove(path);
      };
      out.link_checkpoint = [](lt::RunView& run, const std::filesystem::path& target,
                               const std::filesystem::path& link) {
        FakeRun& me = self(run);
        me.events.push_back("link " + me.shown(link) + " -> " + me.shown(target));
        std::filesystem::remove(link);
        std::filesystem::create_symlink(target.lexically_relative(link.parent_path()), link);
      };
      out.after_save_checkpoint = [](lt::RunView& run) {
        self(run).events.push_back("after_save");
      };
      out.logger_places = [](lt::RunView& run) { return self(run).places; };
      out.groups = [](lt::RunView& run) { return self(run).group_views; };
      out.schedules = [](lt::RunView& run) { return self(run).schedule_views; };
      out.log_metrics = [](lt::RunView& run, const lt::MetricTable& record, std::int64_t step) {
        self(run).logged.emplace_back(step, record);
      };
      return out;
    }();
    return table;
  }
};

}  // namespace lt_test
