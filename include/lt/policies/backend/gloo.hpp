// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/backend.hpp"

// Without it LibTorch's header is empty; only LibTorch's own CMake package defines it.
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

namespace lt::backend {

/// Gloo, over TCP between CPUs: what Python's `init_process_group("gloo")` uses. GLOO_SOCKET_IFNAME
/// names the network interface where the host's name does not lead to the right one.
class Gloo {
 public:
  static constexpr std::string_view name = "gloo";
  static constexpr auto type = c10d::ProcessGroup::BackendType::GLOO;
  static constexpr c10::DeviceType device = c10::kCPU;
  static constexpr bool averages = false;
  static constexpr bool connects = true;

  static c10::intrusive_ptr<c10d::Backend> make(const c10::intrusive_ptr<c10d::Store>& store,
                                                std::int64_t rank, std::int64_t ranks,
                                                std::chrono::milliseconds timeout) {
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    options->devices = {device_of(ranks)};
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(rank),
                                                       static_cast<int>(ranks), options);
  }

 private:
  static std::shared_ptr<::gloo::transport::Device> device_of(std::int64_t ranks) {
    if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) {
      return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    }
    // One rank needs no network, and a host without one has none.
    return ranks == 1 ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                      : c10d::ProcessGroupGloo::createDefaultDevice();
  }
};

}  // namespace lt::backend
