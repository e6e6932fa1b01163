// SPDX-License-Identifier: Apache-2.0
// Changing the type of the floating-point tensors in batches and modules.
#pragma once

#include "lt/checkpoint/module_state.hpp"
#include "lt/data/tensor_tree.hpp"
#include "lt/tensor.hpp"

#include <string>

namespace lt::precision {

/// Gives every floating-point tensor of `tree` that type, in place; other tensors stay.
template <class Tree>
void convert_floats(Tree& tree, at::ScalarType type) {
  for_each_tensor(tree, [&](Tensor& tensor) {
    if (tensor.defined() && tensor.is_floating_point()) {
      tensor = tensor.to(type);
    }
  });
}

/// Gives the floating-point parameters and buffers of a module that type, and their gradients too.
/// Other buffers stay: torch::nn::Module::to(type) would turn counters into floating point. A model
/// that is no torch::nn::Module has a `to(type)` of its own, or makes its tensors in
/// `configure_model`, where the default type is set.
template <class Module>
void convert_module(Module& module, at::ScalarType type) {
  if constexpr (NamedParameters<Module>) {
    for_each_state(module, [&](const std::string&, const Tensor& tensor) {
      if (tensor.defined() && tensor.is_floating_point() && tensor.scalar_type() != type) {
        const Tensor grad = tensor.grad();
        tensor.mutable_grad().reset();
        tensor.set_data(tensor.detach().to(type));
        if (grad.defined()) {
          tensor.mutable_grad() = grad.to(type);
        }
      }
    });
  } else if constexpr (requires { module.to(type); }) {
    module.to(type);
  }
}

}  // namespace lt::precision
