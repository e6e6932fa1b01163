// SPDX-License-Identifier: Apache-2.0
// Writing behind the caller's back: jobs for one object, done in order by a thread of its own.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace lt::detail {

/// Owns a `Sink` (a file, a table) that only its thread touches. `post` never waits for a job, so a
/// slow disk holds up nobody; the jobs that wait are kept in memory. The thread starts with the
/// first job. The destructor does what is left and forgets errors.
template <class Sink>
class WriterThread {
 public:
  /// Type-erased: a job is a record of a logger or a checkpoint, never a batch.
  using Job = std::function<void(Sink&)>;

  explicit WriterThread(Sink sink) : sink_(std::move(sink)) {}
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;
  ~WriterThread() {
    if (!thread_.joinable()) {
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void post(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      if (!thread_.joinable()) {
        thread_ = std::thread(&WriterThread::work, this);
      }
    }
    changed_.notify_all();
  }

  /// Returns when every posted job is done. Errors: as `check`.
  void wait() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return jobs_.empty() && !busy_; });
    }
    check();
  }

  /// Errors: lt::Error, the first by which a job ended since it was last said, and how many more.
  void check() {
    std::exception_ptr first;
    std::size_t failures = 0;
    {
      const std::lock_guard lock(mutex_);
      first = std::exchange(first_, nullptr);
      failures = std::exchange(failures_, 0);
    }
    if (failures == 1) {
      std::rethrow_exception(first);
    }
    if (failures > 1) {
      try {
        std::rethrow_exception(first);
      } catch (const std::exception& error) {
        throw Error(text(error.what(), "; ", failures - 1, " later writes failed, too"));
      }
    }
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !jobs_.empty() || closing_; });
      if (jobs_.empty()) {
        return;
      }
      busy_ = true;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      std::exception_ptr failed;
      try {
        job(sink_);
      } catch (...) {
        failed = std::current_exception();
      }
      lock.lock();
      busy_ = false;
      if (failed != nullptr) {
        first_ = first_ == nullptr ? failed : first_;
        ++failures_;
      }
      changed_.notify_all();
    }
  }

  Sink sink_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool busy_ = false;
  bool closing_ = false;
  std::exception_ptr first_;
  std::size_t failures_ = 0;
  std::thread thread_;
};

}  // namespace lt::detail
