// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision/true_precision.hpp"

namespace lt::precision {

/// float16 throughout ("16-true"): half the memory. Nothing scales the loss, so small gradients
/// vanish; meant for inference more than for training.
class F16True : public TruePrecision<at::ScalarType::Half> {
 public:
  static constexpr std::string_view name = "16-true";
};

}  // namespace lt::precision
