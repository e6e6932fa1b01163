// SPDX-License-Identifier: Apache-2.0
// What the light door cannot do without.
#include <ATen/core/Tensor.h>
#include <torch/optim/optimizer.h>
