// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/optimizer_base.hpp"
#include "lt/optim/option_check.hpp"
#include "lt/optim/strong_wolfe.hpp"

#include <ATen/ops/concat_ops.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim {

/// Options of LBFGS, with Python's names and defaults.
struct LbfgsOptions {
  double lr = 1;
  std::int64_t max_iter = 20;
  std::optional<std::int64_t> max_eval{};  ///< set to max_iter * 5 / 4 by the optimizer if empty
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  std::optional<std::string> line_search_fn{};  ///< empty or "strong_wolfe"
  bool maximize = false;
};

/// What LBFGS keeps, once for all parameters: in the state of the first one, as in Python.
struct LbfgsState {
  std::int64_t func_evals = 0;
  std::int64_t n_iter = 0;
  at::Tensor d{};
  at::Tensor t{};  ///< 0-dimensional; Python may keep a float here and in H_diag
  std::vector<at::Tensor> old_dirs{};
  std::vector<at::Tensor> old_stps{};
  std::vector<at::Tensor> ro{};
  at::Tensor H_diag{};
  at::Tensor prev_flat_grad{};
  double prev_loss = 0;
  std::vector<at::Tensor> al{};
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::LbfgsOptions, (lr, "learning rate"),
           (max_iter, "iterations per step at most"),
           (max_eval, "evaluations per step at most; default max_iter * 5 / 4"),
           (tolerance_grad, "stop when the largest gradient is at most this"),
           (tolerance_change, "stop when loss or parameters change by at most this"),
           (history_size, "how many past updates to keep"),
           (line_search_fn, "none or strong_wolfe"), (maximize, "maximize instead of minimize"))
LT_REFLECT(lt::optim::LbfgsState, (func_evals, "evaluations so far"), (n_iter, "iterations so far"),
           (d, "direction"), (t, "step length"), (old_dirs, "past changes of the gradient"),
           (old_stps, "past steps"), (ro, "their inverse products"),
           (H_diag, "scale of the first Hessian"), (prev_flat_grad, "last gradient"),
           (prev_loss, "last loss"), (al, "work space"))

namespace lt::optim {

/// L-BFGS. Each step calls the closure several times; there is no step without one. One group of
/// dense, real parameters. The closure returns the loss (a tensor or a number) and leaves the
/// gradients. Source: torch/optim/lbfgs.py, to the bit.
class LBFGS : public OptimizerBase<LBFGS, LbfgsOptions, LbfgsState> {
 public:
  static constexpr std::string_view class_name = "LBFGS";
  static constexpr bool requires_closure = true;

  explicit LBFGS(std::vector<at::Tensor> params, Options options = {})
      : OptimizerBase(std::move(params), std::move(options)) {
    complete_options();
  }
  explicit LBFGS(std::vector<Group> groups) : OptimizerBase(std::move(groups)) {
    if (param_groups().size() != 1) {
      detail::require(false, class_name, "number of parameter groups", param_groups().size(), "1");
    }
    complete_options();
  }

  static void check(const Options& o) {
    detail::require_not_negative(class_name, "lr", o.lr);
    detail::require(o.history_size > 0, class_name, "history_size", o.history_size, "1 or more");
    detail::require(!o.line_search_fn || *o.line_search_fn == "strong_wolfe", class_name,
                    "line_search_fn", std::string_view(o.line_search_fn.value_or("")),
                    "none or \"strong_wolfe\"");
  }

  /// One step; returns what the first call of `closure` returned.
  template <std::invocable F>
  auto step(F&& closure) {
    c10::NoGradGuard no_grad;
    ensure_state();
    const Options at_start = options();  // the closure may change the options: from the next step on
    auto first_loss = run(closure);
    if (!params().empty()) {
      minimize(closure, sign() * loss_value(first_loss), at_start);
    }
    return first_loss;
  }

 private:
  friend OptimizerBase;

  template <class Loss>
  static double loss_value(const Loss& loss) {
    if constexpr (requires { loss.item(); }) {
      return loss.item().toDouble();
    } else {
      return static_cast<double>(loss);
    }
  }

  const std::vector<at::Tensor>& params() const { return param_groups()[0].params; }
  const Options& options() const { return param_groups()[0].options; }
  double sign() const { return options().maximize ? -1.0 : 1.0; }

  void complete_options() {
    Options& o = param_groups()[0].options;
    if (!o.max_eval) {
      o.max_eval = o.max_iter * 5 / 4;
    }
  }

  at::Tensor flat_grad() const {
    std::vector<at::Tensor> views;
    views.reserve(params().size());
    for (const at::Tensor& param : params()) {
      const at::Tensor& grad = param.grad();
      if (!grad.defined()) {
        views.push_back(param.new_zeros({param.numel()}));
      } else {
        views.push_back((grad.is_sparse() ? grad.to_dense() : grad).reshape({-1}));
      }
    }
    // concat is cat; the header of cat's own argument type costs 2 s to compile
    at::Tensor flat = at::_ops::concat::call(views, 0);
    if (options().maximize) {
      flat.neg_();
    }
    return flat;
  }

  void move_params(const detail::Number& length, const at::Tensor& direction) const {
    std::int64_t offset = 0;
    for (const at::Tensor& param : params()) {
      const std::int64_t count = param.numel();
      param.add_(direction.slice(0, offset, offset + count).view_as(param), length.as_scalar());
      offset += count;
    }
  }

  /// The direction of the next step from the history; also takes the last step into the history.
  void update_direction(LbfgsState& s, const at::Tensor& gradient,
                        const detail::Number& last_t) const {
    const at::Tensor y = gradient.sub(s.prev_flat_grad);
    const at::Tensor step = last_t.times(s.d);
    const at::Tensor ys = y.dot(step);
    if (ys.gt(1e-10).item().toBool()) {
      if (static_cast<std::int64_t>(s.old_dirs.size()) == options().history_size) {
        s.old_dirs.erase(s.old_dirs.begin());
        s.old_stps.erase(s.old_stps.begin());
        s.ro.erase(s.ro.begin());
      }
      s.old_dirs.push_back(y);
      s.old_stps.push_back(step);
      s.ro.push_back(ys.reciprocal());
      s.H_diag = ys.div(y.dot(y));
    }
    const std::size_t count = s.old_dirs.size();
    s.al.resize(static_cast<std::size_t>(options().history_size));
    at::Tensor q = gradient.neg();
    for (std::size_t i = count; i-- > 0;) {
      s.al[i] = s.old_stps[i].dot(q).mul(s.ro[i]);
      q.add_(s.old_dirs[i], s.al[i].neg().item());
    }
    s.d = q.mul(s.H_diag);
    for (std::size_t i = 0; i < count; ++i) {
      const at::Tensor be = s.old_dirs[i].dot(s.d).mul(s.ro[i]);
      s.d.add_(s.old_stps[i], s.al[i].sub(be).item());
    }
  }

  template <class F>
  void minimize(F& closure, double loss, const Options& o) {
    using detail::Number;
    LbfgsState& s = state()[0];
    std::int64_t evaluations = 1;
    ++s.func_evals;

    at::Tensor gradient = flat_grad();
    const auto optimal = [&] { return Number(gradient.abs().max()) <= o.tolerance_grad; };
    if (optimal()) {
      return;
    }
    Number t = s.t.defined() ? Number(s.t) : Number(0.0);
    for (std::int64_t n = 1; n <= o.max_iter; ++n) {
      ++s.n_iter;
      if (s.n_iter == 1) {
        s.d = gradient.neg();
        s.old_dirs.clear();
        s.old_stps.clear();
        s.ro.clear();
        s.H_diag = detail::make_scalar(1.0, at::kDouble);
      } else {
        update_direction(s, gradient, t);
      }
      if (s.prev_flat_grad.defined()) {
        s.prev_flat_grad.copy_(gradient);
      } else {
        s.prev_flat_grad = gradient.clone(at::MemoryFormat::Contiguous);
      }
      s.prev_loss = loss;

      t = s.n_iter == 1 ? smaller(1.0, Number(1.0) / gradient.abs().sum()) * Number(o.lr)
                        : Number(o.lr);
      s.t = t.as_tensor();
      const Number slope = gradient.dot(s.d);
      if (slope > -o.tolerance_change) {
        break;
      }

      std::int64_t new_evaluations = 0;
      bool converged = false;
      if (o.line_search_fn) {
        std::vector<at::Tensor> before;
        for (const at::Tensor& param : params()) {
          before.push_back(param.clone(at::MemoryFormat::Contiguous));
        }
        const auto evaluate = [&](const Number& length) {
          move_params(length, s.d);
          const double value = sign() * loss_value(run(closure));
          std::pair<double, at::Tensor> found(value, flat_grad());
          for (std::size_t i = 0; i < before.size(); ++i) {
            params()[i].copy_(before[i]);
          }
          return found;
        };
        auto found = detail::strong_wolfe(evaluate, t, s.d, loss, gradient, slope, 1e-9,
                                          *o.max_eval - evaluations);
        loss = found.loss;
        gradient = std::move(found.gradient);
        t = std::move(found.t);
        s.t = t.as_tensor();
        new_evaluations = found.evaluations;
        move_params(t, s.d);
        converged = optimal();
      } else {
        move_params(t, s.d);
        if (n != o.max_iter) {
          loss = sign() * loss_value(run(closure));
          gradient = flat_grad();
          converged = optimal();
          new_evaluations = 1;
        }
      }
      evaluations += new_evaluations;
      s.func_evals += new_evaluations;

      if (n == o.max_iter || evaluations >= *o.max_eval || converged ||
          Number(t.times(s.d).abs().max()) <= o.tolerance_change ||
          std::abs(loss - s.prev_loss) < o.tolerance_change) {
        break;
      }
    }
  }
};

}  // namespace lt::optim
