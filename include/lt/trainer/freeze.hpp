// SPDX-License-Identifier: Apache-2.0
// Switches the training of a whole model off and on.
#pragma once

#include "lt/trainer/module_modes.hpp"

namespace lt {

/// No parameter needs a gradient any more, and the model is in eval mode.
template <class Model>
void freeze(Model& model) {
  for (auto& parameter : model.parameters()) {
    parameter.set_requires_grad(false);
  }
  set_training(model, false);
}

/// Every parameter needs its gradient again, and the model is in train mode.
template <class Model>
void unfreeze(Model& model) {
  for (auto& parameter : model.parameters()) {
    parameter.set_requires_grad(true);
  }
  set_training(model, true);
}

}  // namespace lt
