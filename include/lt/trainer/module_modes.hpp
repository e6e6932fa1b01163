// SPDX-License-Identifier: Apache-2.0
// Train and eval mode of a model's modules. Works with whatever offers `children()`, `train(bool)`
// and `is_training()` as torch::nn::Module does; other models have no modes.
#pragma once

#include <cstddef>
#include <vector>

namespace lt {

/// A model with modules below it.
template <class M>
concept HasModules = requires(M& module) {
  module.children();
  module.train(true);
  module.is_training();
};

/// Calls `f(module)` for a module and all below it, parents first. (LibTorch's own modules() needs
/// an owner in a shared_ptr.)
template <class M, class F>
void for_each_module(M& module, F&& f) {
  f(module);
  for (const auto& child : module.children()) {
    for_each_module(*child, f);
  }
}

/// Remembers the train flag of every module and sets it back.
class ModuleModes {
 public:
  template <class M>
  void capture(M& model) {
    if constexpr (HasModules<M>) {
      flags_.clear();
      for_each_module(model, [&](auto& module) { flags_.push_back(module.is_training()); });
    }
  }
  template <class M>
  void restore(M& model) {
    if constexpr (HasModules<M>) {
      std::size_t next = 0;
      // train() also sets all below; parents come first, so each ends with its own flag.
      for_each_module(model, [&](auto& module) {
        if (next < flags_.size()) {
          module.train(flags_[next++]);
        }
      });
    }
  }

 private:
  std::vector<char> flags_;
};

/// Switches all modules of a model.
template <class M>
void set_training(M& model, bool training) {
  if constexpr (requires { model.train(training); }) {
    model.train(training);
  }
}

}  // namespace lt
