// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/optimizer_base.hpp"
#include "lt/optim/option_check.hpp"
#include "lt/optim/python_math.hpp"
#include "lt/optim/tensor_steps.hpp"

#include <ATen/ops/full_like_ops.h>
#include <ATen/ops/sparse_coo_tensor_ops.h>

#include <string_view>

namespace lt::optim {

/// Options of Adagrad, with Python's names and defaults.
struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};

/// What Adagrad keeps for a parameter.
struct AdagradState {
  at::Tensor step{};
  at::Tensor sum{};
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::AdagradOptions, (lr, "learning rate"),
           (lr_decay, "decay of the learning rate"), (weight_decay, "weight decay (L2 penalty)"),
           (initial_accumulator_value, "first value of the sum of squares"),
           (eps, "added to the denominator"), (maximize, "maximize instead of minimize"))
LT_REFLECT(lt::optim::AdagradState, (step, "number of updates"),
           (sum, "sum of the gradient's squares"))

namespace lt::optim {

/// Adagrad, for dense and sparse gradients.
/// Source: torch/optim/adagrad.py, `_single_tensor_adagrad`, to the bit.
class Adagrad : public OptimizerBase<Adagrad, AdagradOptions, AdagradState> {
 public:
  static constexpr std::string_view class_name = "Adagrad";
  using OptimizerBase::OptimizerBase;

  static void check(const Options& o) {
    detail::require_not_negative(class_name, "lr", o.lr);
    detail::require_not_negative(class_name, "lr_decay", o.lr_decay);
    detail::require_not_negative(class_name, "weight_decay", o.weight_decay);
    detail::require_not_negative(class_name, "initial_accumulator_value",
                                 o.initial_accumulator_value);
    detail::require_not_negative(class_name, "eps", o.eps);
  }

 private:
  friend OptimizerBase;

  void update(Group& group, std::span<ParamState> states) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (group.params[i].grad().defined()) {
        update(group.params[i], group.options, states[i]);
      }
    }
  }

  static void update(const at::Tensor& param, const Options& o, ParamState& state) {
    if (!state.step.defined()) {
      state.step = detail::new_step_count(param, false);
      state.sum =
          at::_ops::full_like::call(param, o.initial_accumulator_value, std::nullopt, std::nullopt,
                                    std::nullopt, std::nullopt, at::MemoryFormat::Preserve);
    }
    detail::advance(state.step);
    at::Tensor grad = o.maximize ? param.grad().neg() : param.grad();
    if (o.weight_decay != 0) {
      if (grad.is_sparse()) {
        throw ConfigError("Adagrad: got a sparse gradient; expected dense ones with weight_decay");
      }
      grad = grad.add(param, o.weight_decay);
    }
    const double count = detail::value_of(state.step);
    const double rate = o.lr / (1 + detail::rounded((count - 1) * o.lr_decay));
    if (grad.is_sparse()) {
      update_sparse(param, grad.coalesce(), rate, o.eps, state.sum);
      return;
    }
    detail::require_dense_real(class_name, param, grad);
    state.sum.addcmul_(grad, grad, 1);
    param.addcdiv_(grad, state.sum.sqrt().add_(o.eps), -rate);
  }

  static void update_sparse(const at::Tensor& param, const at::Tensor& grad, double rate,
                            double eps, const at::Tensor& sum) {
    const at::Tensor values = grad._values();
    const auto with_values = [&](const at::Tensor& entries) {
      return at::_ops::sparse_coo_tensor_indices_size::call(
          grad._indices(), entries, grad.sizes(), std::nullopt, std::nullopt, std::nullopt,
          std::nullopt, std::nullopt);
    };
    sum.add_(with_values(values.pow(2)));
    const at::Tensor root = sum.sparse_mask(grad)._values().sqrt_().add_(eps);
    param.add_(with_values(values.div(root)), -rate);
  }
};

}  // namespace lt::optim
