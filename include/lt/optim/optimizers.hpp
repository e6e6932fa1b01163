// SPDX-License-Identifier: Apache-2.0
// Every optimizer, and `AnyOptimizer`, the choice among them at run time.
#pragma once

#include "lt/optim/adagrad.hpp"
#include "lt/optim/adam.hpp"
#include "lt/optim/adamw.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/optim/lbfgs.hpp"
#include "lt/optim/one_of.hpp"
#include "lt/optim/rmsprop.hpp"
#include "lt/optim/sgd.hpp"

namespace lt::optim {

using AnyOptimizer = OneOf<SGD, Adam, AdamW, RMSprop, Adagrad, LBFGS>;

}  // namespace lt::optim
