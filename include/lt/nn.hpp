// SPDX-License-Identifier: Apache-2.0
// The door for models made of torch::nn layers. It includes torch/nn/module.h (several seconds of
// compile time) and no layer: include those that the model uses.
#pragma once

#include "lt/module.hpp"

#include <torch/nn/module.h>

namespace lt::nn {

/// What most models derive from: a torch::nn::Module that can log.
class Module : public torch::nn::Module, public lt::Module {
 public:
  using torch::nn::Module::Module;
};

}  // namespace lt::nn
