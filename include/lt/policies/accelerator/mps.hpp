// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/accelerator.hpp"

#include <ATen/Context.h>

#include <string>
#include <string_view>

namespace lt::accelerator {

/// The graphics processor of an Apple machine, through Metal. LibTorch has it on macOS only;
/// anywhere else it is not available. One device, without float64.
class Mps {
 public:
  using policy_family = accelerator_tag;
  static constexpr std::string_view name = "mps";
  static constexpr bool is_host = false;
  static constexpr bool has_float64 = false;
  static constexpr c10::DeviceType device_type = c10::kMPS;

  static bool is_available() { return at::globalContext().hasMPS(); }
  static std::string why_unavailable() { return "this LibTorch was built without Metal"; }
  Device device() const { return Device(c10::kMPS, 0); }
  void setup() {}
  void teardown() {}
};

}  // namespace lt::accelerator
