// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/adam_update.hpp"
#include "lt/optim/optimizer_base.hpp"

#include <array>
#include <string_view>

namespace lt::optim {

/// Options of Adam, with Python's names and defaults.
struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
  bool maximize = false;
  bool decoupled_weight_decay = false;
  bool fused = false;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::AdamOptions, (lr, "learning rate"),
           (betas, "decay of the averages of the gradient and of its square"),
           (eps, "added to the denominator"), (weight_decay, "weight decay (L2 penalty)"),
           (amsgrad, "use the largest average of the square so far"),
           (maximize, "maximize instead of minimize"),
           (decoupled_weight_decay, "decay the weights directly, as AdamW does"),
           (fused, "one fused kernel for all parameters; other last bits"))

namespace lt::optim {

/// Adam. Source: torch/optim/adam.py, single-tensor form, to the bit; the fused form if `fused`.
class Adam : public OptimizerBase<Adam, AdamOptions, AdamState>, public CapturableSteps<Adam> {
 public:
  static constexpr std::string_view class_name = "Adam";
  using OptimizerBase::OptimizerBase;

  static void check(const Options& options) { detail::check_adam(class_name, options); }

 private:
  friend OptimizerBase;

  void update(Group& group, std::span<ParamState> states) {
    detail::update_adam_group(class_name, group, group.options.decoupled_weight_decay, states,
                              calls_, on_device(group));
  }

  detail::FusedCalls<6> calls_;
};

}  // namespace lt::optim
