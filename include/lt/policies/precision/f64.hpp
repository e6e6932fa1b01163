// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision/true_precision.hpp"

namespace lt::precision {

/// Double precision throughout ("64-true"): model, batches and logged metrics.
class F64 : public TruePrecision<at::ScalarType::Double> {
 public:
  static constexpr std::string_view name = "64-true";
  static constexpr bool metrics_in_double = true;
};

}  // namespace lt::precision
