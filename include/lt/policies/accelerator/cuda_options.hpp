// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/device_choice.hpp"
#include "lt/core/reflect.hpp"

#include <cstdint>
#include <optional>

namespace lt {

/// Options of `accelerator::Cuda`. What is not set stays as the process has it.
struct CudaOptions {
  Devices devices{};
  bool pin_memory = true;
  std::int64_t prefetch = 2;
  std::optional<bool> allow_tf32{};
  std::optional<bool> cudnn_benchmark{};
  std::optional<bool> deterministic{};
  std::int64_t graph_warmup = 3;
};

}  // namespace lt

LT_REFLECT(lt::CudaOptions,
           (devices, "devices of this machine: auto, a number, or a list of indices"),
           (pin_memory, "batches are copied from pinned memory"),
           (prefetch, "batches that may be on the device before it has worked on them"),
           (allow_tf32, "matrix products and convolutions may round their inputs to TF32"),
           (cudnn_benchmark, "cuDNN tries its algorithms on each new shape, keeps the fastest"),
           (deterministic, "cuDNN takes deterministic algorithms only"),
           (graph_warmup, "CudaGraphed: steps made one by one before the step is captured"))
LT_CHECKS(lt::CudaOptions, LT_CHECK(E885, prefetch, o.prefetch >= 1, "must be 1 or more"),
          LT_CHECK(E886, graph_warmup, o.graph_warmup >= 1, "must be 1 or more"))
