// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/grad_scaler.hpp"
#include "lt/policies/precision/mixed_precision.hpp"

namespace lt::precision {

/// Weights in float32, computing in float16 where that is safe ("16-mixed"). float16 ends at 65504
/// and at 6e-8: a GradScaler keeps the gradients between the two, and leaves out the steps in which
/// it fails. A step that is left out counts as a step, as in Lightning. Works on the CPU too, where
/// Lightning would take bf16-mixed instead.
class F16Mixed : public MixedPrecision<at::ScalarType::Half> {
 public:
  static constexpr std::string_view name = "16-mixed";
  static constexpr std::string_view state_key = "MixedPrecision";  // Lightning's class

  using Options = optim::GradScalerOptions;
  explicit F16Mixed(Options options = {}) : scaler_(options) {}

  optim::GradScaler& scaler() { return scaler_; }
  Tensor scale(const Tensor& loss) { return scaler_.scale(loss); }

  optim::GradScalerState state_dict() const { return scaler_.state_dict(); }
  void load_state_dict(const optim::GradScalerState& state) { scaler_.load_state_dict(state); }

 private:
  optim::GradScaler scaler_;
};

}  // namespace lt::precision
