// SPDX-License-Identifier: Apache-2.0
// A model's parameters and buffers by name, as Python's `state_dict()` orders and names them.
#pragma once

#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/tensor.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// A model whose parameters have names, as torch::nn::Module's have.
template <class M>
concept NamedParameters = requires(const M& module) {
  module.named_parameters(false);
  module.named_buffers(false);
  module.named_children();
};

/// Calls `f(name, tensor)` for the parameters and buffers of a module and of all below it.
template <NamedParameters M, class F>
void for_each_state(const M& module, F&& f, const std::string& prefix = {}) {
  for (const auto& item : module.named_parameters(false)) {
    f(prefix + item.key(), item.value());
  }
  for (const auto& item : module.named_buffers(false)) {
    f(prefix + item.key(), item.value());
  }
  for (const auto& child : module.named_children()) {
    for_each_state(*child.value(), f, prefix + child.key() + ".");
  }
}

/// The state of a model as a dict of tensors, which share its memory. A model that is no
/// torch::nn::Module offers `lt::checkpoint::Value state_dict() const` itself, or has no state.
template <class M>
checkpoint::Value module_state(const M& model) {
  if constexpr (NamedParameters<M>) {
    checkpoint::Dict dict;
    for_each_state(model, [&](const std::string& name, const Tensor& tensor) {
      if (tensor.defined()) {
        dict[name] = tensor.detach();
      }
    });
    return dict;
  } else if constexpr (requires { model.state_dict(); }) {
    return model.state_dict();
  } else {
    return checkpoint::Dict();
  }
}

/// Copies a saved state into a model.
/// Errors: lt::CheckpointError naming the keys that are missing, unexpected, or of another shape;
/// under `strict = false` only the shapes.
template <class M>
void load_module_state(M& model, const checkpoint::Value& state, bool strict = true) {
  if constexpr (NamedParameters<M>) {
    const c10::NoGradGuard no_grad;
    std::vector<std::string> missing;
    std::vector<std::string> known;
    for_each_state(model, [&](const std::string& name, const Tensor& tensor) {
      if (!tensor.defined()) {
        return;
      }
      known.push_back(name);
      const checkpoint::Value* saved = state.find(name);
      if (saved == nullptr) {
        missing.push_back(name);
        return;
      }
      const Tensor value = saved->as<Tensor>();
      if (value.sizes() != tensor.sizes()) {
        throw CheckpointError(text("lt[E211] state_dict: ", name, " has shape ",
                                   value.sizes().vec(), " in the checkpoint; expected ",
                                   tensor.sizes().vec()));
      }
      Tensor(tensor).copy_(value);
    });
    std::vector<std::string> unexpected;
    for (const auto& entry : state.dict()) {
      const auto* name = std::get_if<std::string>(&entry.key);
      if (name && std::find(known.begin(), known.end(), *name) == known.end()) {
        unexpected.push_back(*name);
      }
    }
    if (strict && (!missing.empty() || !unexpected.empty())) {
      throw CheckpointError(text("lt[E212] state_dict does not fit the model: missing ", missing,
                                 ", unexpected ", unexpected));
    }
  } else if constexpr (requires { model.load_state_dict(state); }) {
    model.load_state_dict(state);
  }
}

}  // namespace lt
