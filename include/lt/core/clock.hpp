// SPDX-License-Identifier: Apache-2.0
// The clock that timers and progress read.
#pragma once

#include <chrono>

namespace lt {

/// Seconds since some moment in the past; never goes back. A test may put a number of its own in
/// its place: `Clock(&seconds)`. (Not a function pointer: it is read at every batch.)
class Clock {
 public:
  Clock() = default;
  explicit Clock(const double* replacement) : replacement_(replacement) {}

  double operator()() const {
    if (replacement_ != nullptr) {
      return *replacement_;
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

 private:
  const double* replacement_ = nullptr;
};

}  // namespace lt
