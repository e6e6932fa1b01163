// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/backend.hpp"

// Without it LibTorch's header is empty; only LibTorch's own CMake package defines it.
#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

namespace lt::backend {

/// NCCL, between CUDA devices: what Python's `init_process_group("nccl")` uses. Each rank has a
/// device of its own. NCCL's own variables (NCCL_SOCKET_IFNAME, NCCL_DEBUG) hold.
class Nccl {
 public:
  static constexpr std::string_view name = "nccl";
  static constexpr auto type = c10d::ProcessGroup::BackendType::NCCL;
  static constexpr c10::DeviceType device = c10::kCUDA;
  static constexpr bool averages = true;
  static constexpr bool connects = true;
  static constexpr bool returns_early = true;  // work goes to the device's stream

  static c10::intrusive_ptr<c10d::Backend> make(const c10::intrusive_ptr<c10d::Store>& store,
                                                std::int64_t rank, std::int64_t ranks,
                                                std::chrono::milliseconds timeout) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, static_cast<int>(rank),
                                                       static_cast<int>(ranks), options);
  }
};

}  // namespace lt::backend
