// SPDX-License-Identifier: Apache-2.0
// The device layer of a machine with CUDA: LibTorch's streams, events, allocator and graphs. Needs
// the CUDA toolkit's headers (component lt::cuda).
#pragma once

#include "lt/cuda/layer.hpp"

#include <ATen/Context.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lt::cuda {

/// Models DeviceLayer.
struct Runtime {
  static constexpr std::string_view name = "cuda";
  static constexpr c10::DeviceType type = c10::kCUDA;

  using Stream = c10::cuda::CUDAStream;

  /// Operations of this thread go to a stream while it lives.
  class StreamGuard {
   public:
    explicit StreamGuard(const Stream& stream) : guard_(stream) {}

   private:
    c10::cuda::CUDAStreamGuard guard_;
  };

  class Event {
   public:
    void record(const Stream& stream) { event_.record(stream); }
    void block(const Stream& stream) { event_.block(stream); }
    void synchronize() const { event_.synchronize(); }

   private:
    at::cuda::CUDAEvent event_;
  };

  /// Whatever is captured draws its memory from a pool of the graph's own.
  class Graph {
   public:
    void capture(const Stream& stream, const std::function<void()>& work) {
      reset();
      c10::cuda::device_synchronize();
      const StreamGuard guard(stream);
      auto graph = std::make_unique<at::cuda::CUDAGraph>();
      // Other threads (loaders) may allocate pinned memory meanwhile.
      graph->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
      try {
        work();
      } catch (...) {
        end_after_error(*graph);
        throw;
      }
      graph->capture_end();
      graph_ = std::move(graph);
    }
    void replay() { graph_->replay(); }
    void reset() { graph_.reset(); }

   private:
    static void end_after_error(at::cuda::CUDAGraph& graph) {
      try {
        graph.capture_end();
      } catch (const std::exception&) {
        // What broke the capture is on its way already.
      }
    }

    std::unique_ptr<at::cuda::CUDAGraph> graph_;
  };

  static std::int64_t device_count() { return c10::cuda::device_count(); }
  static std::string why_unavailable() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) {
      return cudaGetErrorString(status);
    }
    return count == 0 ? "no CUDA device is visible" : "LibTorch does not see the CUDA device";
  }
  static Device device(std::int64_t index) { return {type, static_cast<c10::DeviceIndex>(index)}; }
  static void set_device(std::int64_t index) {
    at::globalContext().lazyInitDevice(type);
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
  }

  static Stream current_stream(std::int64_t index) {
    return c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(index));
  }
  static Stream side_stream(std::int64_t index) {
    return c10::cuda::getStreamFromPool(/*isHighPriority=*/false,
                                        static_cast<c10::DeviceIndex>(index));
  }

  static Tensor pin(const Tensor& tensor) {
    return tensor.is_pinned() ? tensor : tensor.pin_memory();
  }
  static Tensor copy(const Tensor& tensor, Device device) {
    return tensor.to(device, /*non_blocking=*/true);
  }
  static void keep_for(const Tensor& tensor, const Stream& stream) {
    if (tensor.is_cuda()) {
      tensor.record_stream(stream.unwrap());
    }
  }
  static void synchronize(std::int64_t index) {
    const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
    c10::cuda::device_synchronize();
  }

  static MemoryStats memory_stats(std::int64_t index) {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    const auto stats = allocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
    constexpr auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    return {.allocated = stats.allocated_bytes[all].current,
            .peak_allocated = stats.allocated_bytes[all].peak,
            .reserved = stats.reserved_bytes[all].current,
            .peak_reserved = stats.reserved_bytes[all].peak,
            .retries = stats.num_alloc_retries,
            .out_of_memory = stats.num_ooms};
  }
  static void reset_peak_memory(std::int64_t index) {
    c10::cuda::CUDACachingAllocator::resetPeakStats(static_cast<c10::DeviceIndex>(index));
  }
  static void empty_cache() { c10::cuda::CUDACachingAllocator::emptyCache(); }

  static Numerics apply(const Numerics& wanted) {
    at::Context& context = at::globalContext();
    const Numerics before{
        .allow_tf32 = wanted.allow_tf32 ? std::optional(context.allowTF32CuBLAS()) : std::nullopt,
        .cudnn_benchmark =
            wanted.cudnn_benchmark ? std::optional(context.benchmarkCuDNN()) : std::nullopt,
        .deterministic =
            wanted.deterministic ? std::optional(context.deterministicCuDNN()) : std::nullopt};
    if (wanted.allow_tf32) {
      context.setAllowTF32CuBLAS(*wanted.allow_tf32);
      context.setAllowTF32CuDNN(*wanted.allow_tf32);
    }
    if (wanted.cudnn_benchmark) {
      context.setBenchmarkCuDNN(*wanted.cudnn_benchmark);
    }
    if (wanted.deterministic) {
      context.setDeterministicCuDNN(*wanted.deterministic);
    }
    return before;
  }
};
static_assert(DeviceLayer<Runtime>);

}  // namespace lt::cuda
