// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lt/lt.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>

/// Logs the norm of all gradients at each optimizer step, and remembers the largest one, also in
/// checkpoints.
class GradientNorm {
 public:
  struct State {
    double largest = 0.0;
  };

  // `auto& ctx`: the hook reaches the model with its own type.
  void on_before_optimizer_step(auto& ctx, auto& /*optimizer*/) {
    double squares = 0.0;
    for (const lt::Tensor& parameter : ctx.model().parameters()) {
      squares += parameter.grad().square().sum().item().toDouble();
    }
    const double norm = std::sqrt(squares);
    ctx.log("grad_norm", norm);
    state_.largest = std::max(state_.largest, norm);
  }
  // `lt::RunView&`: one function for all models, which may live in a .cpp file.
  void on_train_end(lt::RunView& run) {
    std::cout << "largest of " << run.global_step() << " norms: " << state_.largest << '\n';
  }

  State state_dict() const { return state_; }
  void load_state_dict(const State& state) { state_ = state; }
  std::string state_key() const { return "GradientNorm"; }

 private:
  State state_;
};

LT_REFLECT(GradientNorm::State, (largest, "the largest norm so far"))
