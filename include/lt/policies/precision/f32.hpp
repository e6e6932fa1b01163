// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision.hpp"

namespace lt::precision {

/// Single precision throughout ("32-true"): model and batches keep the types they have.
class F32 : public archetype::Precision {
 public:
  static constexpr std::string_view name = "32-true";
};

}  // namespace lt::precision
