// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision/true_precision.hpp"

namespace lt::precision {

/// bfloat16 throughout ("bf16-true"): half the memory, the range of float32, three digits.
class Bf16True : public TruePrecision<at::ScalarType::BFloat16> {
 public:
  static constexpr std::string_view name = "bf16-true";
};

}  // namespace lt::precision
