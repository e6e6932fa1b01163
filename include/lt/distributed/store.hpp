// SPDX-License-Identifier: Apache-2.0
// The store at which ranks meet.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/rank_place.hpp"

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace lt::distributed {

/// The first line of an error's text: LibTorch puts a stack trace behind it.
inline std::string first_line(std::string_view what) {
  const std::string_view line = what.substr(0, what.find('\n'));
  return std::string(line.substr(0, line.find("Exception raised from")));
}

inline std::string seconds_text(std::chrono::milliseconds time) {
  return text(static_cast<double>(time.count()) / 1000.0, " s");
}

/// Serves the store, or becomes a client of it, as Python's `init_process_group("env://")` does.
/// Returns when all ranks are there.
/// Errors: lt::DistributedError (E510) after `timeout`, or at once for a port that is in use.
/// Source: torch/distributed/rendezvous.py, `_create_c10d_store`.
inline c10::intrusive_ptr<c10d::Store> open_store(const RankPlace& place,
                                                  std::chrono::milliseconds timeout) {
  if (place.world_size == 1) {
    return c10::make_intrusive<c10d::HashStore>();
  }
  c10d::TCPStoreOptions options;
  options.port = place.main_port;
  options.isServer = place.global_rank == 0 && !place.store_is_served;
  options.numWorkers = static_cast<std::size_t>(place.world_size);
  options.timeout = timeout;
  options.multiTenant = !place.store_is_served && place.listen_socket < 0;
  if (options.isServer && place.listen_socket >= 0) {
    options.masterListenFd = place.listen_socket;
  }
  try {
    auto store = c10::make_intrusive<c10d::TCPStore>(place.main_address, options);
    if (place.store_is_served && place.attempt > 0) {
      // It has outlived the attempt before, whose addresses lead to processes that are gone.
      return c10::make_intrusive<c10d::PrefixStore>(text("attempt_", place.attempt), store);
    }
    return store;
  } catch (const std::exception& error) {
    const std::string where = text(place.main_address, ":", place.main_port);
    const std::string_view what = error.what();
    const bool in_use = what.find("EADDRINUSE") != what.npos ||
                        what.find("address already in use") != what.npos;
    throw DistributedError(
        text("lt[E510] rank ", place.global_rank, " of ", place.world_size, ": ",
             in_use ? text("port ", place.main_port,
                           " is in use by another program; expected a free one for the store "
                           "(MASTER_PORT)")
             : options.isServer
                 ? text("it serves the store at ", where, ", but not all ranks came within ",
                        seconds_text(timeout))
                 : text("the store at ", where, " could not be reached within ",
                        seconds_text(timeout),
                        "; expected rank zero to serve it there (MASTER_ADDR, MASTER_PORT)"),
             " (", first_line(what), ")"));
  }
}

}  // namespace lt::distributed
