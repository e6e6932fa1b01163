// SPDX-License-Identifier: Apache-2.0
// Where a process stands among those that train together. No LibTorch here: launchers and
// environments know no tensors.
#pragma once

#include <cstdint>
#include <string>

namespace lt {

/// One rank's place, and where the ranks meet.
struct RankPlace {
  std::int64_t world_size = 1;   ///< ranks in all
  std::int64_t global_rank = 0;  ///< this one
  std::int64_t local_rank = 0;   ///< this one among those of its machine
  std::int64_t local_world_size = 0;  ///< ranks on this machine; 0 where nobody says
  std::int64_t node_rank = 0;         ///< this machine
  std::string main_address = "127.0.0.1";  ///< where rank zero is
  std::uint16_t main_port = 0;             ///< on which the store is served
  bool store_is_served = false;  ///< by the launcher: rank zero is its client as well
  int listen_socket = -1;        ///< a bound socket on which rank zero is to serve it; -1: none
  std::int64_t attempt = 0;      ///< how often the launcher has started the job again
};

}  // namespace lt
