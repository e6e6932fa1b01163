// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM during a run, when the host program asked `lt` to handle them.
#pragma once

#include <csignal>

namespace lt {

/// Notes SIGINT and SIGTERM while it lives, and gives the host its own handlers back. The handler
/// only sets a flag: the loops look at it between batches.
class SignalWatch {
 public:
  SignalWatch() {
    received() = 0;
    struct sigaction action {};
    action.sa_handler = [](int number) { received() = number; };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~SignalWatch() {
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The signal that came, or 0. A signal handler can reach nothing but a static object.
  static volatile std::sig_atomic_t& received() {
    static volatile std::sig_atomic_t number = 0;
    return number;
  }

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

}  // namespace lt
