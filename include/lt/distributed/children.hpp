// SPDX-License-Identifier: Apache-2.0
// The other ranks of a program that starts them itself, from rank zero.
#pragma once

#include "lt/distributed/local_ranks.hpp"

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace lt::distributed {

/// Ranks 1 to n - 1, which run this program's own command line and come to the same place. When the
/// object goes, they get a while to end by themselves.
/// Source: Lightning, strategies/launchers/subprocess_script.py.
class Children {
 public:
  Children() = default;
  Children(Children&&) = default;
  Children& operator=(Children&&) = delete;
  ~Children() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (const pid_t process : processes_) {
      while (::waitpid(process, nullptr, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
          signal_group(process, SIGKILL);
          ::waitpid(process, nullptr, 0);
          break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
  }

  /// Starts them; rank zero's place, whose socket `store` holds until the store takes it over.
  RankPlace start(std::int64_t ranks) {
    store_ = StoreSocket::open();
    RankPlace place{.world_size = ranks, .local_world_size = ranks, .main_port = store_.port};
    for (std::int64_t i = 1; i < ranks; ++i) {
      place.global_rank = place.local_rank = i;
      processes_.push_back(start_rank(place));
    }
    place.global_rank = place.local_rank = 0;
    place.listen_socket = ::dup(store_.socket.get());
    store_.socket.reset();
    return place;
  }

 private:
  std::vector<pid_t> processes_;
  StoreSocket store_;
};

}  // namespace lt::distributed
