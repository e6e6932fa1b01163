// SPDX-License-Identifier: Apache-2.0
// Optimizer steps under a precision that scales the loss.
// Source: Lightning, pytorch/plugins/precision/amp.py, `optimizer_step`.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/messages.hpp"
#include "lt/optim/scale_floor.hpp"
#include "lt/optim/step_now.hpp"
#include "lt/tensor.hpp"

#include <ATen/core/grad_mode.h>

#include <concepts>
#include <type_traits>

namespace lt {

namespace detail {

/// Errors: lt::ConfigError for an optimizer that needs a closure, if chosen at run time.
template <class O>
void refuse_closure(const O& optimizer) {
  bool needed = needs_closure<O>();
  if constexpr (requires { { optimizer.requires_closure() } -> std::same_as<bool>; }) {
    needed = optimizer.requires_closure();
  }
  if (needed) {
    throw ConfigError("lt[E195] the optimizer evaluates its loss several times in a step (LBFGS), "
                      "which does not go with a precision that scales the loss; expected another "
                      "optimizer, or bf16-mixed");
  }
}

}  // namespace detail

/// Runs `closure` (the loss and its gradients), unscales, calls `before_update` (hooks, clipping),
/// and moves the optimizer if all gradients are finite. Under automatic optimization a closure that
/// gives no loss has scaled nothing: then nothing moves.
template <class Scaler, class O, class Closure, class Before>
auto scaled_step(Scaler& scaler, O& optimizer, Closure& closure, const Before& before_update,
                 bool automatic, Messages& messages) {
  detail::refuse_closure(optimizer);
  const auto finish = [&](bool scaled) {
    if (scaled) {
      scaler.unscale_(optimizer);
    }
    before_update();
    if (scaled) {
      scaler.step(optimizer, [&] { step_now(optimizer); });
      scaler.update();
      optim::report_scale_floor(scaler, messages);
    }
  };
  const auto run = [&] {
    const c10::AutoGradMode grad(true);
    return closure();
  };
  if constexpr (std::is_void_v<std::invoke_result_t<Closure&>>) {
    run();
    finish(true);
  } else {
    auto result = run();
    bool scaled = true;
    if constexpr (std::is_same_v<decltype(result), Tensor>) {
      scaled = result.defined() || !automatic;
    }
    finish(scaled);
    return result;
  }
}

}  // namespace lt
