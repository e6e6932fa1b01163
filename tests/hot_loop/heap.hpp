// SPDX-License-Identifier: Apache-2.0
// The heap of the counting program: it counts, and it costs the same whatever was allocated before.
#pragma once

#include <cstdint>

namespace heap {

/// Calls of operator new in this thread so far, LibTorch's included.
std::int64_t allocations();

/// Tensors on the CPU get their memory here, too.
void use_for_tensors();

}  // namespace heap
