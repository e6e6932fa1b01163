// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/messages.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/trainer_options.hpp"

#include <cstdint>
#include <vector>

namespace lt {

/// The run that loggers see when there is no trainer: a folder and a rank.
class LoggerRun {
 public:
  LoggerRun(Messages& messages, std::int64_t global_rank, std::int64_t world_size)
      : view_(state_, options_, messages, services_) {
    view_.global_rank = global_rank;
    view_.world_size = world_size;
  }
  LoggerRun(const LoggerRun&) = delete;
  LoggerRun& operator=(const LoggerRun&) = delete;

  RunView& view() { return view_; }

 private:
  static constexpr RunServices services_ = {
      .refresh_metrics = [](RunView&, MetricKind) {},
      .logger_places = [](RunView&) { return std::vector<LoggerPlace>(); },
  };

  RunState state_;
  TrainerOptions options_;
  RunView view_;
};

}  // namespace lt
