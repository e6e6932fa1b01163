// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/adam_update.hpp"
#include "lt/optim/optimizer_base.hpp"

#include <array>
#include <string_view>

namespace lt::optim {

/// Options of AdamW, with Python's names and defaults.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
  bool maximize = false;
  bool fused = false;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::AdamWOptions, (lr, "learning rate"),
           (betas, "decay of the averages of the gradient and of its square"),
           (eps, "added to the denominator"), (weight_decay, "decoupled weight decay"),
           (amsgrad, "use the largest average of the square so far"),
           (maximize, "maximize instead of minimize"),
           (fused, "one fused kernel for all parameters; other last bits"))

namespace lt::optim {

/// Adam with decoupled weight decay. Source: torch/optim/adamw.py, single-tensor form, to the bit;
/// the fused form if `fused`.
class AdamW : public OptimizerBase<AdamW, AdamWOptions, AdamState>, public CapturableSteps<AdamW> {
 public:
  static constexpr std::string_view class_name = "AdamW";
  using OptimizerBase::OptimizerBase;

  static void check(const Options& options) { detail::check_adam(class_name, options); }

 private:
  friend OptimizerBase;

  void update(Group& group, std::span<ParamState> states) {
    detail::update_adam_group(class_name, group, true, states, calls_, on_device(group));
  }

  detail::FusedCalls<6> calls_;
};

}  // namespace lt::optim
