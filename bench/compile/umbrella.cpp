// SPDX-License-Identifier: Apache-2.0
// What a unit on LibTorch usually begins with.
#include <torch/torch.h>
