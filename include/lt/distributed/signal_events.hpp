// SPDX-License-Identifier: Apache-2.0
// Signals as events, for a process that watches over others.
#pragma once

#include "lt/distributed/process.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace lt::distributed {

/// While it lives, SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGCHLD of this thread are read from a
/// descriptor instead of ending the process.
class SignalEvents {
 public:
  SignalEvents() {
    sigset_t watched;
    ::sigemptyset(&watched);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD}) {
      ::sigaddset(&watched, signal);
    }
    ::sigprocmask(SIG_BLOCK, &watched, &before_);
    events_ = Descriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  SignalEvents(const SignalEvents&) = delete;
  SignalEvents& operator=(const SignalEvents&) = delete;
  ~SignalEvents() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// Ready to be read when a signal has come.
  int descriptor() const { return events_.get(); }

  /// Calls `take(signal)` for each that has come, but for SIGCHLD, which only wakes up.
  template <class Take>
  void take_all(Take&& take) {
    signalfd_siginfo event;
    while (::read(events_.get(), &event, sizeof(event)) == sizeof(event)) {
      const int signal = static_cast<int>(event.ssi_signo);
      if (signal != SIGCHLD) {
        take(signal);
      }
    }
  }

 private:
  sigset_t before_{};
  Descriptor events_;
};

}  // namespace lt::distributed
