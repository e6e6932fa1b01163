// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/capturable.hpp"
#include "lt/optim/optimizer_base.hpp"
#include "lt/optim/option_check.hpp"
#include "lt/optim/tensor_steps.hpp"

#include <ATen/ops/_fused_sgd_ops.h>

#include <string_view>

namespace lt::optim {

/// Options of SGD, with Python's names and defaults.
struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
  bool fused = false;
};

/// What SGD keeps for a parameter; undefined without momentum.
struct SgdState {
  at::Tensor momentum_buffer{};
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::SgdOptions, (lr, "learning rate"), (momentum, "momentum factor"),
           (dampening, "dampening of the momentum"), (weight_decay, "weight decay (L2 penalty)"),
           (nesterov, "use Nesterov momentum"), (maximize, "maximize instead of minimize"),
           (fused, "one fused kernel for all parameters; other last bits"))
LT_REFLECT(lt::optim::SgdState, (momentum_buffer, "running sum of gradients"))

namespace lt::optim {

/// Stochastic gradient descent with momentum.
/// Source: torch/optim/sgd.py, `_single_tensor_sgd`, to the bit; `_fused_sgd` if fused.
class SGD : public OptimizerBase<SGD, SgdOptions, SgdState>, public CapturableSteps<SGD> {
 public:
  static constexpr std::string_view class_name = "SGD";
  using OptimizerBase::OptimizerBase;

  static void check(const Options& o) {
    detail::require_not_negative(class_name, "lr", o.lr);
    detail::require_not_negative(class_name, "momentum", o.momentum);
    detail::require_not_negative(class_name, "weight_decay", o.weight_decay);
    detail::require(!o.nesterov || o.momentum > 0, class_name, "momentum", o.momentum,
                    "more than 0 with nesterov");
    detail::require(!o.nesterov || o.dampening == 0, class_name, "dampening", o.dampening,
                    "0 with nesterov");
  }

 private:
  friend OptimizerBase;

  void update(Group& group, std::span<ParamState> states) {
    const Options& o = group.options;
    if (o.fused) {
      update_fused(group, states);
      return;
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
      at::Tensor& param = group.params[i];
      if (!param.grad().defined()) {
        continue;
      }
      if (!o.maximize && o.weight_decay == 0 && o.momentum == 0) {
        param.add_(param.grad(), -o.lr);  // the common case copies no handle
        continue;
      }
      at::Tensor grad = o.maximize ? param.grad().neg() : param.grad();
      if (o.weight_decay != 0) {
        grad = grad.add(param, o.weight_decay);
      }
      if (o.momentum != 0) {
        at::Tensor& buffer = states[i].momentum_buffer;
        if (buffer.defined()) {
          detail::scale_(buffer, o.momentum).add_(grad, 1 - o.dampening);
        } else {
          buffer = grad.detach().clone();
        }
        grad = o.nesterov ? grad.add(buffer, o.momentum) : buffer;
      }
      param.add_(grad, -o.lr);
    }
  }

  void update_fused(Group& group, std::span<ParamState> states) {
    const Options& o = group.options;
    calls_.clear();
    for (std::size_t i = 0; i < states.size(); ++i) {
      at::Tensor& param = group.params[i];
      const at::Tensor& grad = param.grad();
      if (!grad.defined()) {
        continue;
      }
      detail::require_dense_real(class_name, param, grad);
      at::Tensor& buffer = states[i].momentum_buffer;
      const bool first = o.momentum != 0 && !buffer.defined();
      auto& call = calls_.of(param, first);
      call.lists[0].push_back(param);
      call.lists[1].push_back(grad);
      if (first) {
        // Not left as it is: the kernel writes nothing in a step that is left out.
        buffer = detail::zeros_for(grad);
      }
      if (o.momentum != 0) {
        call.lists[2].push_back(buffer);
      }
    }
    calls_.run([&](auto& call) {
      const OnDevice device = on_device(group);
      const auto run = [&]<class Kernel>(Kernel, const auto& lr) {
        Kernel::call(call.lists[0], call.lists[1], call.lists[2], o.weight_decay, o.momentum, lr,
                     o.dampening, o.nesterov, o.maximize, call.key, std::nullopt, device.verdict);
      };
      if (device.rate == nullptr) {
        run(at::_ops::_fused_sgd_{}, o.lr);
      } else {
        run(at::_ops::_fused_sgd__tensor_lr{}, *device.rate);
      }
    });
  }

  detail::FusedCalls<3> calls_;
};

}  // namespace lt::optim
