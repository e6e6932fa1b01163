// SPDX-License-Identifier: Apache-2.0
// CUDA devices. `accelerator::Cuda` itself is behind lt/cuda.hpp, as it needs CUDA's headers.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/cuda/layer.hpp"
#include "lt/cuda/prefetcher.hpp"
#include "lt/policies/accelerator.hpp"
#include "lt/policies/accelerator/cuda_options.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt::accelerator {

/// One CUDA device for each rank. Batches come from pinned memory on a stream of their own, beside
/// what the device computes. `L` makes the calls: cuda::Runtime, in `Cuda`.
///
///   lt::accelerator::Cuda cuda{{.devices = {0, 2}, .allow_tf32 = true}};
///
/// Errors: lt::ConfigError when the trainer starts, for devices that are not there.
template <cuda::DeviceLayer L>
class CudaOn {
 public:
  using policy_family = accelerator_tag;
  using layer = L;
  using Options = CudaOptions;
  static constexpr std::string_view name = "cuda";
  static constexpr bool is_host = false;
  static constexpr c10::DeviceType device_type = L::type;

  explicit CudaOn(CudaOptions options = {}) : options_(std::move(options)) {
    validate(options_, "Cuda");
  }

  const CudaOptions& options() const { return options_; }

  static bool is_available() { return L::device_count() > 0; }
  /// A sentence for people whose device was not found.
  static std::string why_unavailable() { return L::why_unavailable(); }
  /// Devices of this machine that this process sees.
  static std::int64_t device_count() { return L::device_count(); }

  /// Which rank of the machine this is; each has a device of its own.
  void set_local_rank(std::int64_t rank) { local_rank_ = rank; }

  /// Makes the rank's device the current one.
  void setup() {
    index_ = device_of_rank(options_.devices, L::device_count(), local_rank_, "CUDA");
    L::set_device(index_);
    const cuda::Numerics wanted{options_.allow_tf32, options_.cudnn_benchmark,
                                options_.deterministic};
    const cuda::Numerics before = L::apply(wanted);
    if (!before_) {
      before_ = before;
    }
    prefetcher_ =
        std::make_shared<cuda::Prefetcher<L>>(index_, options_.pin_memory, options_.prefetch);
  }
  void teardown() {
    prefetcher_.reset();
    if (before_) {
      L::apply(*std::exchange(before_, std::nullopt));
    }
  }

  Device device() const { return L::device(index_); }
  std::int64_t index() const { return index_; }

  /// The tensors of a batch on the device. The host does not wait for them.
  template <class Batch>
  Batch to_device(Batch batch) {
    if (prefetcher_ == nullptr) {  // outside of a run
      return map_tensors(std::move(batch), [&](const Tensor& tensor) {
        return tensor.defined() ? L::copy(tensor, device()) : tensor;
      });
    }
    return prefetcher_->move(std::move(batch));
  }
  /// The way to the device, for loops that ask for batches ahead.
  /// Errors: lt::ConfigError (E889) outside of a run.
  cuda::Prefetcher<L>& prefetcher() {
    if (prefetcher_ == nullptr) {
      throw ConfigError(
          "lt[E889] Cuda: batches were asked for before the device was opened; expected "
          "fabric.launch() first");
    }
    return *prefetcher_;
  }

  /// For DeviceStatsMonitor, under the names of torch.cuda.memory_stats.
  MetricTable device_stats() const { return memory().table(); }
  cuda::MemoryStats memory() const { return L::memory_stats(index_); }
  void reset_peak_memory() { L::reset_peak_memory(index_); }
  /// The host waits until the device has done all that it was given.
  void synchronize() { L::synchronize(index_); }

 private:
  CudaOptions options_;
  std::int64_t local_rank_ = 0;
  std::int64_t index_ = 0;
  std::optional<cuda::Numerics> before_;             // to be restored
  std::shared_ptr<cuda::Prefetcher<L>> prefetcher_;  // shared: copies of this object are cheap
};

/// The same, with each step of automatic optimization as one CUDA graph: `graph_warmup` steps are
/// made one by one, then forward, backward, clipping and the optimizer's step are captured once,
/// and done again for each batch of those shapes without the host in between. What the model logs
/// and returns is read from where the graph puts it. It needs a fused optimizer of `lt`, one rank,
/// and hooks that are safe to capture; `batch_idx` and numbers that the step computes on the host
/// stay as they were when it was captured.
template <cuda::DeviceLayer L>
class CudaGraphedOn : public CudaOn<L> {
 public:
  static constexpr std::string_view name = "cuda_graphed";
  static constexpr bool captures_step = true;
  using CudaOn<L>::CudaOn;
};

}  // namespace lt::accelerator
