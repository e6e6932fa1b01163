// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision/mixed_precision.hpp"

#include <concepts>

namespace lt::optim {
class GradScaler;
struct GradScalerOptions;
}  // namespace lt::optim

namespace lt::precision {

/// Weights in float32, computing in bfloat16 where that is safe ("bf16-mixed"). Needs no scaling.
class Bf16Mixed : public MixedPrecision<at::ScalarType::BFloat16> {
 public:
  static constexpr std::string_view name = "bf16-mixed";

  Bf16Mixed() = default;
  /// Refused, as by Lightning: fabric/plugins/precision/amp.py.
  template <class Scaler>
    requires(std::same_as<Scaler, optim::GradScaler> ||
             std::same_as<Scaler, optim::GradScalerOptions>)
  explicit Bf16Mixed(const Scaler& /*scaler*/) {
    static_assert(!std::same_as<Scaler, Scaler>,
                  "lt[E412] lt::precision::Bf16Mixed was given a loss scaler, but bfloat16 has the "
                  "range of float32: no gradient vanishes; Fix: leave it out, or take "
                  "lt::precision::F16Mixed");
  }
};

}  // namespace lt::precision
