// SPDX-License-Identifier: Apache-2.0
// lt::launch: a program that starts its own ranks. No LibTorch here.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/error_file.hpp"
#include "lt/distributed/launcher.hpp"
#include "lt/policies/environment/detect.hpp"

#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace lt {

/// Runs `function` on `ranks` processes of this machine, all of this program, and returns the exit
/// status for `main`:
///
///   int main() { return lt::launch(4, train); }
///
/// The process that calls it first becomes the launcher: it starts the ranks, writes their rank
/// before each line of their output, passes signals on, and ends all of them when one fails; with
/// `max_restarts` it starts them again. In a process that a launcher has started already, this one
/// or torchrun, mpirun and the like, it calls `function()`. An error that leaves `function` is
/// printed, left for torchrun's agent, and makes the status 1; a function that returns a number
/// gives its own status.
/// Errors: lt::ConfigError (E516) for less than one rank.
template <std::invocable F>
int launch(std::int64_t ranks, F&& function, LaunchOptions options = {}) {
  if (ranks < 1) {
    throw ConfigError(
        text("lt[E516] lt::launch: the number of ranks is ", ranks, "; expected 1 or more"));
  }
  try {
    if (!environment::detect()) {
      return distributed::Launcher(ranks, options).run();
    }
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(function)();
      return 0;
    } else {
      return std::forward<F>(function)();
    }
  } catch (const std::exception& error) {
    distributed::write_error_file(error.what());
    distributed::write_all(STDERR_FILENO, std::string(error.what()) + "\n");
    return 1;
  }
}

}  // namespace lt
