// SPDX-License-Identifier: Apache-2.0
// The process that starts the ranks of one machine, watches over them and ends with them.
#pragma once

#include "lt/distributed/local_ranks.hpp"
#include "lt/distributed/prefixed_output.hpp"
#include "lt/distributed/signal_events.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `lt::launch`.
struct LaunchOptions {
  std::int64_t max_restarts = 0;  ///< how often all ranks are started again after one has failed
  bool prefix_output = true;      ///< "[rank 1] " before each line that a rank writes
  std::chrono::milliseconds grace{5000};  ///< from SIGTERM to SIGKILL, for ranks that are to end
};

}  // namespace lt

namespace lt::distributed {

/// Runs one job. Signals that this process gets meanwhile are passed on to the ranks.
class Launcher {
 public:
  Launcher(std::int64_t ranks, LaunchOptions options) : count_(ranks), options_(options) {}
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  ~Launcher() {
    for (const Rank& rank : ranks_) {
      if (!rank.ending) {
        signal_group(rank.process, SIGKILL);
        ::waitpid(rank.process, nullptr, 0);
      }
    }
  }

  /// The exit status of the job: 0, or that of the first rank that failed.
  int run() {
    for (std::int64_t attempt = 0;; ++attempt) {
      start_all(attempt);
      const std::optional<std::size_t> failed = watch();
      if (!failed) {
        return 0;
      }
      const bool again = attempt < options_.max_restarts && !told_to_end_;
      const Ending ending = *ranks_[*failed].ending;
      say(text("lt[E515] rank ", *failed, " of ", count_, " (process ", ranks_[*failed].process,
               ") ", ending.description(),
               again ? text("; all ranks are started again, restart ", attempt + 1, " of ",
                            options_.max_restarts)
                     : std::string("; the other ranks have been ended")));
      if (!again) {
        return ending.exit_status();
      }
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds last_words{500};
  struct Rank {
    pid_t process;
    PrefixedOutput output;
    std::optional<Ending> ending{};
  };

  void say(const std::string& line) const { write_all(STDERR_FILENO, line + "\n"); }

  void start_all(std::int64_t attempt) {
    ranks_.clear();
    const StoreSocket store = StoreSocket::open();
    for (std::int64_t i = 0; i < count_; ++i) {
      RankPlace place{.world_size = count_, .global_rank = i, .local_rank = i,
                      .local_world_size = count_, .main_port = store.port, .attempt = attempt};
      place.listen_socket = i == 0 ? store.socket.get() : -1;
      Descriptor reading;
      Descriptor writing;
      if (options_.prefix_output) {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) != 0) {
          throw DistributedError(text("lt[E523] no pipe for the output of rank ", i, ": ",
                                      std::string_view(std::strerror(errno))));
        }
        reading = Descriptor(ends[0]);
        writing = Descriptor(ends[1]);
        ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
      }
      const pid_t process = start_rank(place, writing.get());
      ranks_.push_back({process, PrefixedOutput(std::move(reading), text("[rank ", i, "] "))});
    }
  }

  /// Until all ranks have ended. The first that failed, if one did: the others are ended then.
  std::optional<std::size_t> watch() {
    std::optional<std::size_t> failed;
    std::optional<Clock::time_point> end_at;
    int signal = SIGTERM;
    while (std::any_of(ranks_.begin(), ranks_.end(), [](const Rank& r) { return !r.ending; })) {
      wait_for_events(end_at ? std::optional(*end_at - Clock::now()) : std::nullopt);
      const auto now_failed = reap();
      if (now_failed && !failed) {
        failed = now_failed;
        // Those that notice it have an error to report before they are ended.
        end_at = Clock::now() + std::min<Clock::duration>(options_.grace, last_words);
      }
      if (end_at && Clock::now() >= *end_at) {
        signal_all(std::exchange(signal, SIGKILL));
        end_at = Clock::now() + options_.grace;
      }
    }
    for (Rank& rank : ranks_) {
      signal_group(rank.process, SIGKILL);  // what a rank has left behind
      if (rank.output.is_open()) {
        rank.output.read_ready();
        rank.output.finish();
      }
    }
    return failed;
  }

  void wait_for_events(std::optional<Clock::duration> longest) {
    std::vector<pollfd> waited = {{signals_.descriptor(), POLLIN, 0}};
    for (const Rank& rank : ranks_) {
      waited.push_back({rank.output.descriptor(), POLLIN, 0});  // poll skips -1
    }
    const auto left = longest ? std::chrono::ceil<std::chrono::milliseconds>(*longest).count() : -1;
    ::poll(waited.data(), waited.size(),
           longest ? static_cast<int>(std::max<std::int64_t>(left, 0)) : -1);
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      if (waited[i + 1].revents != 0) {
        ranks_[i].output.read_ready();
      }
    }
    signals_.take_all([this](int signal) {
      told_to_end_ = told_to_end_ || signal != SIGUSR1;
      signal_all(signal);
    });
  }

  /// Takes note of the ranks that have ended. Of several that failed at once the one that was
  /// killed is the cause: the others noticed.
  std::optional<std::size_t> reap() {
    std::optional<std::size_t> failed;
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      int status = 0;
      if (!ranks_[i].ending && ::waitpid(ranks_[i].process, &status, WNOHANG) > 0) {
        ranks_[i].ending = Ending{status};
        const bool killed = WIFSIGNALED(status);
        if (!Ending{status}.well() && (!failed || killed)) {
          failed = i;
        }
      }
    }
    return failed;
  }

  void signal_all(int signal) {
    for (const Rank& rank : ranks_) {
      if (!rank.ending) {
        signal_group(rank.process, signal);
      }
    }
  }

  std::int64_t count_;
  LaunchOptions options_;
  SignalEvents signals_;
  std::vector<Rank> ranks_;
  bool told_to_end_ = false;
};

}  // namespace lt::distributed
