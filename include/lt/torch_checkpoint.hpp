// SPDX-License-Identifier: Apache-2.0
// The door for checkpoints that Python reads: lt::checkpoint_io::Torch, which needs LibTorch's zip
// container.
#pragma once

#include "lt/lt.hpp"
#include "lt/policies/checkpoint_io/torch.hpp"
