// SPDX-License-Identifier: Apache-2.0
// Runs trials as processes of this program, a few at a time.
#pragma once

#include "lt/cli/sweep/trial.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/process.hpp"
#include "lt/distributed/signal_events.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// The processes of a sweep. When this object goes, those that still run are killed.
class TrialPool {
 public:
  /// `arguments` of a trial's command line, the program's name first; `threads` of each trial.
  /// Type-erased, as `ended` below: called once for each process.
  using Arguments = std::function<std::vector<std::string>(const Trial&)>;

  TrialPool(std::size_t jobs, Arguments arguments, std::size_t threads)
      : jobs_(jobs), arguments_(std::move(arguments)), threads_(threads) {}
  TrialPool(const TrialPool&) = delete;
  TrialPool& operator=(const TrialPool&) = delete;
  ~TrialPool() {
    for (const Running& one : running_) {
      distributed::signal_group(one.process, SIGKILL);
      ::waitpid(one.process, nullptr, 0);
    }
  }

  /// Runs all of `waiting`; calls `ended` after each. A signal ends those that run, and the number
  /// of the signal is returned; 0 otherwise.
  int run(std::vector<Trial*> waiting, const std::function<void(const Trial&)>& ended) {
    std::reverse(waiting.begin(), waiting.end());
    int told = 0;
    while (!running_.empty() || (told == 0 && !waiting.empty())) {
      while (told == 0 && running_.size() < jobs_ && !waiting.empty()) {
        start(*waiting.back());
        waiting.pop_back();
      }
      wait();
      signals_.take_all([&](int signal) {
        told = signal == SIGUSR1 ? told : signal;
        for (const Running& one : running_) {
          distributed::signal_group(one.process, signal);
        }
      });
      reap(ended);
    }
    return told;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    Trial* trial;
    pid_t process;
    Clock::time_point began;
  };

  void start(Trial& trial) {
    std::filesystem::create_directories(trial.folder);
    std::filesystem::remove(trial.result_file());
    const distributed::Descriptor output(
        ::open(trial.output_file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    distributed::Variables variables = {{result_variable, trial.result_file().string()}};
    if (std::getenv("OMP_NUM_THREADS") == nullptr) {
      variables.emplace_back("OMP_NUM_THREADS", text(threads_));
    }
    const pid_t process = output.is_open()
                              ? distributed::start_self({.arguments = arguments_(trial),
                                                         .variables = std::move(variables),
                                                         .output = output.get()})
                              : -1;
    if (process < 0) {
      throw ConfigError(text("lt[E843] trial ", trial.index, " in ", trial.folder.string(),
                             " could not be started: ", std::string_view(std::strerror(errno))));
    }
    running_.push_back({&trial, process, Clock::now()});
  }

  // SIGCHLD wakes it up.
  void wait() const {
    pollfd waited{signals_.descriptor(), POLLIN, 0};
    ::poll(&waited, 1, -1);
  }

  void reap(const std::function<void(const Trial&)>& ended) {
    for (std::size_t i = running_.size(); i-- > 0;) {
      int status = 0;
      if (::waitpid(running_[i].process, &status, WNOHANG) <= 0) {
        continue;
      }
      const Running one = running_[i];
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      distributed::signal_group(one.process, SIGKILL);  // what it has left behind
      finish(*one.trial, distributed::Ending{status},
             std::chrono::duration<double>(Clock::now() - one.began).count());
      ended(*one.trial);
    }
  }

  static void finish(Trial& trial, const distributed::Ending& ending, double seconds) {
    trial.seconds = seconds;
    if (!ending.well()) {
      trial.failure = ending.description();
    } else if (!std::filesystem::is_regular_file(trial.result_file())) {
      trial.failure = "left no result";
    } else {
      seal_result(trial);
      find_result(trial);
    }
  }

  std::size_t jobs_;
  Arguments arguments_;
  std::size_t threads_;
  distributed::SignalEvents signals_;
  std::vector<Running> running_;
};

}  // namespace lt::cli
