// SPDX-License-Identifier: Apache-2.0
// Background threads whose results come back in the order in which the jobs were given.
#pragma once

#include "lt/data/worker_info.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace lt {

/// Worker threads with a ring of job slots. One consumer fills slots (`next_job`, `submit`) and
/// takes results (`take`), oldest first; job k always goes to worker k modulo their number, so
/// that what a worker draws at random is the same in every run. Slots and their jobs are used
/// again: in steady state the pool allocates nothing.
/// Work: `work(worker, job)` returns an `std::optional<Result>` and is called by several threads
/// at once; every thread has a copy of `work`.
template <class Job, class Result>
class WorkerPool {
 public:
  /// Starts `workers` threads; at most `capacity` jobs may be open. Worker i has the seed
  /// `base_seed` + i.
  template <class Work>
  WorkerPool(std::int64_t workers, std::int64_t capacity, std::int64_t base_seed, Work work)
      : slots_(static_cast<std::size_t>(capacity)), next_(static_cast<std::size_t>(workers)) {
    reset();
    try {
      for (std::int64_t id = 0; id < workers; ++id) {
        const auto seed = static_cast<std::uint64_t>(base_seed) + static_cast<std::uint64_t>(id);
        threads_.emplace_back([this, work, info = WorkerInfo{id, workers,
                                                             static_cast<std::int64_t>(seed)}] {
          detail::current_worker = &info;
          run(work, info.id);
        });
      }
    } catch (...) {
      stop();  // the threads that did start wait for work; let them end
      throw;
    }
  }

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Open jobs are finished or left out, then the threads end.
  ~WorkerPool() { stop(); }

  std::int64_t workers() const { return std::ssize(next_); }

  bool full() const { return submitted_ - taken_ == std::ssize(slots_); }
  bool idle() const { return submitted_ == taken_; }

  /// The number of the job that `take` will answer next; counted from 0 since `cancel`.
  std::int64_t next_taken() const { return taken_; }

  /// The slot of the next job, to be filled before `submit`. Only when not full.
  Job& next_job() { return slot(submitted_).job; }

  /// The job that `take` will answer next; workers only read it. Only when not idle.
  const Job& oldest_job() { return slot(taken_).job; }

  void submit() {
    {
      const std::lock_guard lock(mutex_);
      slot(submitted_).done = false;
      ++submitted_;
    }
    work_ready_.notify_all();
  }

  /// Waits for the oldest open job. Rethrows what its work threw; the next call goes on with the
  /// job after it.
  std::optional<Result> take() {
    std::unique_lock lock(mutex_);
    Slot& oldest = slot(taken_);
    result_ready_.wait(lock, [&] { return oldest.done; });
    ++taken_;
    lock.unlock();
    if (oldest.error) {
      std::rethrow_exception(std::exchange(oldest.error, nullptr));
    }
    return std::exchange(oldest.result, std::nullopt);
  }

  /// Drops all open jobs and waits until no worker is busy. Job numbers start again at 0.
  void cancel() {
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    result_ready_.wait(lock, [&] { return busy_ == 0; });
    reset();
  }

 private:
  struct Slot {
    Job job{};
    std::optional<Result> result{};
    std::exception_ptr error{};
    bool done = false;
  };

  Slot& slot(std::int64_t job) {
    return slots_[static_cast<std::size_t>(job % std::ssize(slots_))];
  }

  void reset() {
    for (Slot& slot : slots_) {
      slot.result.reset();
      slot.error = nullptr;
      slot.done = false;
    }
    for (std::size_t worker = 0; worker < next_.size(); ++worker) {
      next_[worker] = static_cast<std::int64_t>(worker);
    }
    submitted_ = 0;
    taken_ = 0;
    cancelled_ = false;
  }

  template <class Work>
  void run(const Work& work, std::int64_t id) {
    const auto self = static_cast<std::size_t>(id);
    std::unique_lock lock(mutex_);
    while (true) {
      work_ready_.wait(lock,
                       [&] { return stop_ || (!cancelled_ && next_[self] < submitted_); });
      if (stop_) {
        return;
      }
      Slot& mine = slot(next_[self]);
      next_[self] += workers();
      ++busy_;
      lock.unlock();
      try {
        mine.result = work(id, mine.job);
      } catch (...) {
        mine.error = std::current_exception();
      }
      lock.lock();
      mine.done = true;
      --busy_;
      result_ready_.notify_all();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_ready_.notify_all();
    threads_.clear();  // joins
  }

  std::mutex mutex_;
  std::condition_variable work_ready_;
  std::condition_variable result_ready_;
  std::vector<Slot> slots_;
  std::vector<std::int64_t> next_;  // each worker's next job
  std::int64_t submitted_ = 0;      // written by the consumer, under the lock
  std::int64_t taken_ = 0;          // the consumer's own
  std::int64_t busy_ = 0;
  bool cancelled_ = false;
  bool stop_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace lt
