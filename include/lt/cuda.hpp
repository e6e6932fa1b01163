// SPDX-License-Identifier: Apache-2.0
// The door to CUDA devices: accelerator::Cuda and CudaGraphed, the choice of a device, its memory.
// Needs the CUDA toolkit's headers and libtorch_cuda.so (component lt::cuda).
#pragma once

#include "lt/cuda/runtime.hpp"
#include "lt/policies/accelerator/auto.hpp"
#include "lt/policies/accelerator/cuda.hpp"
#include "lt/policies/accelerator/mps.hpp"
#include "lt/trainer/auto_trainer.hpp"

namespace lt::accelerator {

/// A CUDA device for each rank.
using Cuda = CudaOn<cuda::Runtime>;
/// The same, with each training step as one CUDA graph.
using CudaGraphed = CudaGraphedOn<cuda::Runtime>;

}  // namespace lt::accelerator
