// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/accelerator.hpp"

namespace lt::accelerator {

/// The host's processor.
class Cpu : public archetype::Accelerator {
 public:
  static constexpr std::string_view name = "cpu";
  static constexpr c10::DeviceType device_type = c10::kCPU;
};

}  // namespace lt::accelerator
