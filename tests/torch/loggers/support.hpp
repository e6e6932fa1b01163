// SPDX-License-Identifier: Apache-2.0
// What the tests of loggers share.
#pragma once

#include "lt/core/metric_table.hpp"

#include <csignal>
#include <initializer_list>

#include <sys/resource.h>

namespace lt_test {

inline lt::MetricTable table(std::initializer_list<lt::MetricTable::Entry> entries) {
  lt::MetricTable out;
  for (const auto& [name, value] : entries) {
    out.set(name, value);
  }
  return out;
}

// No file may grow beyond `bytes`: what a full disk does, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace lt_test
