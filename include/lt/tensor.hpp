// SPDX-License-Identifier: Apache-2.0
// The names by which `lt` speaks of tensors and devices.
#pragma once

#include <ATen/core/Tensor.h>

namespace lt {

using Tensor = at::Tensor;
using Device = c10::Device;

}  // namespace lt
