// SPDX-License-Identifier: Apache-2.0
// Local ranks: processes of this very program, each told by torchrun's variables which rank it is.
// No LibTorch here.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/process.hpp"
#include "lt/distributed/rank_place.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lt::distributed {

/// A socket of this machine, on a port that is free, on which rank zero is to serve the store.
/// Whoever holds it holds the port: no other program can take it in between.
struct StoreSocket {
  Descriptor socket;
  std::uint16_t port = 0;

  /// Errors: lt::DistributedError (E522).
  static StoreSocket open() {
    StoreSocket made{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (!made.socket.is_open() || ::bind(made.socket.get(), plain, size) != 0 ||
        ::getsockname(made.socket.get(), plain, &size) != 0) {
      throw DistributedError(text("lt[E522] no port of this machine could be had for the store: ",
                                  std::string_view(std::strerror(errno))));
    }
    made.port = ntohs(address.sin_port);
    return made;
  }
};

namespace detail {

// torchrun's variables, and those between lt's launcher and its ranks.
inline Variables variables_of(const RankPlace& place) {
  return {
      {"LT_LAUNCHED", "1"},
      {"RANK", text(place.global_rank)},
      {"WORLD_SIZE", text(place.world_size)},
      {"LOCAL_RANK", text(place.local_rank)},
      {"LOCAL_WORLD_SIZE", text(place.local_world_size)},
      {"GROUP_RANK", text(place.node_rank)},
      {"MASTER_ADDR", place.main_address},
      {"MASTER_PORT", text(place.main_port)},
      {"TORCHELASTIC_RESTART_COUNT", text(place.attempt)},
      {"LT_STORE_SOCKET", place.listen_socket < 0 ? "" : text(place.listen_socket)},
  };
}

}  // namespace detail

/// Starts this program once more, with the same arguments, as the rank of `place`. `output`: where
/// its standard output and error go; -1: where ours go.
/// Errors: lt::DistributedError (E514).
inline pid_t start_rank(const RankPlace& place, int output = -1) {
  const pid_t process = start_self({.arguments = own_arguments(),
                                    .variables = detail::variables_of(place),
                                    .output = output,
                                    .inherited = place.listen_socket});
  if (process < 0) {
    throw DistributedError(text("lt[E514] rank ", place.global_rank, " could not be started: ",
                                std::string_view(std::strerror(errno))));
  }
  return process;
}

}  // namespace lt::distributed
