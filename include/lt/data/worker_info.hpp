// SPDX-License-Identifier: Apache-2.0
// What a dataset can ask about the loader's worker thread it is called in.
#pragma once

#include <cstdint>

namespace lt {

/// The worker thread of a loader, as in `torch.utils.data.get_worker_info()`.
struct WorkerInfo {
  std::int64_t id = 0;           ///< 0 to num_workers - 1
  std::int64_t num_workers = 0;  ///< workers of this loader
  std::int64_t seed = 0;         ///< the pass's base seed plus `id`
};

namespace detail {

inline thread_local const WorkerInfo* current_worker = nullptr;

}  // namespace detail

/// The worker this thread is, or null outside a loader's worker threads.
inline const WorkerInfo* get_worker_info() { return detail::current_worker; }

}  // namespace lt
