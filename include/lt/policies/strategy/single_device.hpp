// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/strategy.hpp"

namespace lt::strategy {

/// One process on one device: nothing is exchanged.
class SingleDevice : public archetype::Strategy {
 public:
  static constexpr std::string_view name = "single_device";
};

}  // namespace lt::strategy
