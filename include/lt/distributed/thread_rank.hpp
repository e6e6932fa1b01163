// SPDX-License-Identifier: Apache-2.0
// Ranks that are threads of one process: for tests, and for programs that must not start others.
#pragma once

#include "lt/distributed/rank_place.hpp"
#include "lt/generator.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::distributed {

/// What a thread knows of itself as a rank.
struct ThreadRank {
  RankPlace place;
  c10::intrusive_ptr<c10d::Store> store;
};

namespace detail {
inline const ThreadRank*& own_thread_rank() {
  thread_local const ThreadRank* own = nullptr;
  return own;
}
}  // namespace detail

/// The rank that this thread is; null where ranks are processes.
inline const ThreadRank* thread_rank() { return detail::own_thread_rank(); }

/// Runs `function(rank)` on that many threads, each of which is a rank to every `strategy::Ddp` made
/// in it. Each has a random generator of its own for what `lt` draws (loaders, samplers); layers
/// that draw, as dropout, share the process's. The first error of the lowest rank is thrown again
/// when all have ended.
template <class F>
void run_thread_ranks(std::int64_t ranks, F function) {
  auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < ranks; ++i) {
    threads.emplace_back([&, i] {
      const ThreadRank own{{.world_size = ranks, .global_rank = i, .local_rank = i,
                            .local_world_size = ranks},
                           store};
      detail::own_thread_rank() = &own;
      rng::thread_generator() = at::detail::createCPUGenerator();
      at::set_num_threads(1);
      try {
        function(i);
      } catch (...) {
        errors[static_cast<std::size_t>(i)] = std::current_exception();
      }
      rng::thread_generator() = {};
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) {
      std::rethrow_exception(error);
    }
  }
}

}  // namespace lt::distributed
