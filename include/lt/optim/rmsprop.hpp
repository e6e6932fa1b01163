// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/optimizer_base.hpp"
#include "lt/optim/option_check.hpp"
#include "lt/optim/tensor_steps.hpp"

#include <string_view>

namespace lt::optim {

/// Options of RMSprop, with Python's names and defaults.
struct RmspropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};

/// What RMSprop keeps for a parameter.
struct RmspropState {
  at::Tensor step{};
  at::Tensor square_avg{};
  at::Tensor momentum_buffer{};  ///< undefined without momentum
  at::Tensor grad_avg{};         ///< undefined unless centered
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::RmspropOptions, (lr, "learning rate"), (alpha, "smoothing constant"),
           (eps, "added to the denominator"), (weight_decay, "weight decay (L2 penalty)"),
           (momentum, "momentum factor"), (centered, "divide by the estimated variance"),
           (maximize, "maximize instead of minimize"))
LT_REFLECT(lt::optim::RmspropState, (step, "number of updates"),
           (square_avg, "moving average of the gradient's square"),
           (momentum_buffer, "running sum of updates"),
           (grad_avg, "moving average of the gradient"))

namespace lt::optim {

/// RMSprop. Source: torch/optim/rmsprop.py, `_single_tensor_rmsprop`, to the bit.
class RMSprop : public OptimizerBase<RMSprop, RmspropOptions, RmspropState> {
 public:
  static constexpr std::string_view class_name = "RMSprop";
  using OptimizerBase::OptimizerBase;

  static void check(const Options& o) {
    detail::require_not_negative(class_name, "lr", o.lr);
    detail::require_not_negative(class_name, "eps", o.eps);
    detail::require_not_negative(class_name, "momentum", o.momentum);
    detail::require_not_negative(class_name, "weight_decay", o.weight_decay);
    detail::require_not_negative(class_name, "alpha", o.alpha);
  }

 private:
  friend OptimizerBase;

  void update(Group& group, std::span<ParamState> states) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (group.params[i].grad().defined()) {
        detail::require_dense_real(class_name, group.params[i], group.params[i].grad());
        update(group.params[i], group.options, states[i]);
      }
    }
  }

  static void start(const at::Tensor& param, const Options& o, ParamState& state) {
    if (!state.step.defined()) {
      state.step = detail::new_step_count(param, false);
      state.square_avg = detail::zeros_for(param);
    }
    if (o.momentum > 0 && !state.momentum_buffer.defined()) {
      state.momentum_buffer = detail::zeros_for(param);
    }
    if (o.centered && !state.grad_avg.defined()) {
      state.grad_avg = detail::zeros_for(param);
    }
  }

  static void update(const at::Tensor& param, const Options& o, ParamState& state) {
    start(param, o, state);
    at::Tensor grad = o.maximize ? param.grad().neg() : param.grad();
    detail::advance(state.step);
    if (o.weight_decay != 0) {
      grad = grad.add(param, o.weight_decay);
    }
    detail::scale_(state.square_avg, o.alpha).addcmul_(grad, grad, 1 - o.alpha);
    at::Tensor average;
    if (o.centered) {
      state.grad_avg.lerp_(grad, 1 - o.alpha);
      average = state.square_avg.addcmul(state.grad_avg, state.grad_avg, -1).sqrt_();
    } else {
      average = state.square_avg.sqrt();
    }
    average.add_(o.eps);
    if (o.momentum > 0) {
      detail::scale_(state.momentum_buffer, o.momentum).addcdiv_(grad, average);
      param.add_(state.momentum_buffer, -o.lr);
    } else {
      param.addcdiv_(grad, average, -o.lr);
    }
  }
};

}  // namespace lt::optim
