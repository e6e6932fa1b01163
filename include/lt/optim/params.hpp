// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/tensor.hpp"

#include <vector>

namespace lt::optim {

/// Appends all parameters of an optimizer, of lt or of LibTorch, in the order of its groups.
template <class O>
void collect_params(O& optimizer, std::vector<Tensor>& out) {
  if constexpr (requires { optimizer.param_groups(); }) {
    for (auto& group : optimizer.param_groups()) {
      if constexpr (requires { group.params.begin(); }) {
        out.insert(out.end(), group.params.begin(), group.params.end());
      } else {
        out.insert(out.end(), group.params().begin(), group.params().end());
      }
    }
  } else {
    optimizer.visit([&](auto& chosen) { collect_params(chosen, out); });
  }
}

}  // namespace lt::optim
