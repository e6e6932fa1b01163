// SPDX-License-Identifier: Apache-2.0
// The update rule that Adam and AdamW share.
#pragma once

#include "lt/core/reflect.hpp"
#include "lt/optim/capturable.hpp"
#include "lt/optim/option_check.hpp"
#include "lt/optim/param_group.hpp"
#include "lt/optim/python_math.hpp"
#include "lt/optim/tensor_steps.hpp"

#include <ATen/ops/_fused_adam_ops.h>
#include <ATen/ops/_fused_adamw_ops.h>
#include <ATen/ops/maximum_ops.h>

#include <span>
#include <string_view>

namespace lt::optim {

/// What Adam and AdamW keep for a parameter.
struct AdamState {
  at::Tensor step{};
  at::Tensor exp_avg{};
  at::Tensor exp_avg_sq{};
  at::Tensor max_exp_avg_sq{};  ///< undefined without amsgrad
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::AdamState, (step, "number of updates"),
           (exp_avg, "moving average of the gradient"),
           (exp_avg_sq, "moving average of its square"),
           (max_exp_avg_sq, "largest average of its square so far"))

namespace lt::optim::detail {

template <class Options>
void check_adam(std::string_view owner, const Options& o) {
  require_not_negative(owner, "lr", o.lr);
  require_not_negative(owner, "eps", o.eps);
  require(o.betas[0] >= 0 && o.betas[0] < 1, owner, "betas[0]", o.betas[0], "at least 0, below 1");
  require(o.betas[1] >= 0 && o.betas[1] < 1, owner, "betas[1]", o.betas[1], "at least 0, below 1");
  require_not_negative(owner, "weight_decay", o.weight_decay);
}

template <class Options>
void start_adam(const at::Tensor& param, const Options& o, AdamState& state) {
  if (!state.step.defined()) {
    state.step = new_step_count(param, o.fused);
    state.exp_avg = zeros_for(param);
    state.exp_avg_sq = zeros_for(param);
  }
  if (o.amsgrad && !state.max_exp_avg_sq.defined()) {
    state.max_exp_avg_sq = zeros_for(param);
  }
}

/// One parameter. Source: torch/optim/adam.py, `_single_tensor_adam`.
template <class Options>
void update_adam(const at::Tensor& param, const Options& o, bool decoupled, AdamState& state) {
  start_adam(param, o, state);
  advance(state.step);
  const double step = value_of(state.step);
  const double beta1 = o.betas[0];
  const double beta2 = o.betas[1];

  const at::Tensor* grad = &param.grad();
  at::Tensor changed_grad{};
  if (o.maximize) {
    changed_grad = grad->neg();
    grad = &changed_grad;
  }
  if (o.weight_decay != 0) {
    if (decoupled) {
      scale_(param, 1 - rounded(o.lr * o.weight_decay));
    } else {
      changed_grad = grad->add(param, o.weight_decay);
      grad = &changed_grad;
    }
  }

  state.exp_avg.lerp_(*grad, 1 - beta1);
  scale_(state.exp_avg_sq, beta2).addcmul_(*grad, *grad, 1 - beta2);

  const double bias_correction1 = 1 - python_pow(beta1, step);
  const double bias_correction2 = 1 - python_pow(beta2, step);
  const double step_size = o.lr / bias_correction1;
  if (o.amsgrad) {
    at::_ops::maximum_out::call(state.max_exp_avg_sq, state.exp_avg_sq, state.max_exp_avg_sq);
  }
  at::Tensor denom = (o.amsgrad ? state.max_exp_avg_sq : state.exp_avg_sq).sqrt();
  denom.div_(python_pow(bias_correction2, 0.5)).add_(o.eps);
  param.addcdiv_(state.exp_avg, denom, -step_size);
}

/// All parameters of a group by the fused kernels. Source: torch/optim/adam.py, `_fused_adam`.
template <class Options>
void update_adam_fused(std::string_view owner, ParamGroup<Options>& group, bool decoupled,
                       std::span<AdamState> states, FusedCalls<6>& calls,
                       const OnDevice& on_device) {
  const Options& o = group.options;
  calls.clear();
  for (std::size_t i = 0; i < states.size(); ++i) {
    const at::Tensor& param = group.params[i];
    const at::Tensor& grad = param.grad();
    if (!grad.defined()) {
      continue;
    }
    require_dense_real(owner, param, grad);
    AdamState& state = states[i];
    start_adam(param, o, state);
    advance(state.step);
    auto& lists = calls.of(param).lists;
    lists[0].push_back(param);
    lists[1].push_back(grad);
    lists[2].push_back(state.exp_avg);
    lists[3].push_back(state.exp_avg_sq);
    if (o.amsgrad) {
      lists[4].push_back(state.max_exp_avg_sq);
    }
    lists[5].push_back(state.step);
  }
  calls.run([&](auto& call) {
    auto& l = call.lists;
    const auto run = [&]<class Kernel>(Kernel, const auto& lr) {
      Kernel::call(l[0], l[1], l[2], l[3], l[4], l[5], lr, o.betas[0], o.betas[1], o.weight_decay,
                   o.eps, o.amsgrad, o.maximize, std::nullopt, on_device.verdict);
    };
    if (on_device.rate == nullptr) {
      decoupled ? run(at::_ops::_fused_adamw_{}, o.lr) : run(at::_ops::_fused_adam_{}, o.lr);
    } else {
      decoupled ? run(at::_ops::_fused_adamw__tensor_lr{}, *on_device.rate)
                : run(at::_ops::_fused_adam__tensor_lr{}, *on_device.rate);
    }
    if (on_device.verdict) {  // a step that was left out does not count
      for (at::Tensor& step : l[5]) {
        step.sub_(*on_device.verdict);
      }
    }
  });
}

template <class Options>
void update_adam_group(std::string_view owner, ParamGroup<Options>& group, bool decoupled,
                       std::span<AdamState> states, FusedCalls<6>& calls,
                       const OnDevice& on_device) {
  if (group.options.fused) {
    update_adam_fused(owner, group, decoupled, states, calls, on_device);
    return;
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    const at::Tensor& param = group.params[i];
    if (param.grad().defined()) {
      require_dense_real(owner, param, param.grad());
      update_adam(param, group.options, decoupled, states[i]);
    }
  }
}

}  // namespace lt::optim::detail
