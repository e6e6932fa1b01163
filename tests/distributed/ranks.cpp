// SPDX-License-Identifier: Apache-2.0
// A program without LibTorch that tests/distributed/test_launch.py starts: its ranks do what the
// argument says.
#include "lt/launch.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

std::int64_t rank() { return lt::environment::detect()->place.global_rank; }

void sleep_long() { std::this_thread::sleep_for(std::chrono::seconds(60)); }

int act(const std::string& what) {
  const lt::RankPlace place = lt::environment::detect()->place;
  if (what == "greet") {
    std::cout << "rank " << place.global_rank << " of " << place.world_size << ", port "
              << (place.main_port != 0) << ", socket " << (place.listen_socket >= 0) << std::endl;
    std::cerr << "and an end without a line";
  } else if (what == "fail") {
    if (rank() == 1) {
      throw std::runtime_error("the disk is \"full\"");
    }
    sleep_long();
  } else if (what == "status") {
    return rank() == 1 ? 7 : 0;
  } else if (what == "die") {
    if (rank() == 1) {
      ::raise(SIGKILL);
    }
    sleep_long();
  } else if (what == "stubborn") {
    ::signal(SIGTERM, SIG_IGN);
    if (rank() == 1) {
      return 3;
    }
    sleep_long();
  } else if (what == "third-time") {  // fails in the first two attempts
    std::cout << "attempt " << place.attempt << std::endl;
    return place.attempt < 2 && rank() == 0 ? 5 : 0;
  } else if (what == "wait") {
    static volatile sig_atomic_t told = 0;
    ::signal(SIGTERM, [](int) { told = SIGTERM; });
    ::signal(SIGUSR1, [](int) { told = SIGUSR1; });
    std::cout << "ready " << ::getpid() << std::endl;
    while (told == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::cout << "told " << told << std::endl;
    return told == SIGTERM ? 1 : 0;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const long ranks = argc > 2 ? std::atol(argv[2]) : 2;
  try {
    return lt::launch(ranks, [&] { return act(what); },
                      {.max_restarts = what == "third-time" ? 2 : 0,
                       .grace = std::chrono::milliseconds(200)});
  } catch (const lt::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
