// SPDX-License-Identifier: Apache-2.0
// Steps of optimizers of lt and of LibTorch alike.
#pragma once

#include <type_traits>

namespace lt {

/// True for optimizers of LibTorch whose step needs a closure; specialised by lt/torch.hpp.
template <class O>
inline constexpr bool torch_requires_closure = false;

/// True for optimizers that step with a closure only (LBFGS), by their type.
template <class O>
constexpr bool needs_closure() {
  if constexpr (requires { std::bool_constant<O::requires_closure>{}; }) {
    return O::requires_closure;
  } else {
    return torch_requires_closure<O>;
  }
}

/// Moves an optimizer by the gradients that are there.
template <class O>
void step_now(O& optimizer) {
  if constexpr (requires { optimizer.O::step(nullptr); }) {
    optimizer.O::step(nullptr);  // LibTorch's step is virtual; its type is known here
  } else if constexpr (requires { optimizer.step(); }) {
    optimizer.step();
  }
}

}  // namespace lt
