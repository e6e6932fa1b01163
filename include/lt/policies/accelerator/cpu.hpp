// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/accelerator.hpp"

namespace lt::accelerator {

/// The host's processor.
class Cpu : public archetype::Accelerator {
 public:
  static constexpr std::string_view name = "cpu";
};

}  // namespace lt::accelerator
