// SPDX-License-Identifier: Apache-2.0
// The device layer: the few calls through which `lt` uses CUDA. cuda::Runtime (lt/cuda/runtime.hpp)
// makes them; tests put a layer in its place that writes down what is asked of it, so the order of
// copies, events and graphs is tested on machines without a device.
#pragma once

#include "lt/core/metric_table.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lt::cuda {

/// The memory of one device as LibTorch's allocator sees it, in bytes and calls.
struct MemoryStats {
  std::int64_t allocated = 0;  ///< in tensors now
  std::int64_t peak_allocated = 0;
  std::int64_t reserved = 0;  ///< taken from the device now
  std::int64_t peak_reserved = 0;
  std::int64_t retries = 0;        ///< allocations that first had to give cached blocks back
  std::int64_t out_of_memory = 0;  ///< allocations that failed

  /// Under the names of torch.cuda.memory_stats.
  MetricTable table() const {
    MetricTable out;
    out.set("allocated_bytes.all.current", static_cast<double>(allocated));
    out.set("allocated_bytes.all.peak", static_cast<double>(peak_allocated));
    out.set("reserved_bytes.all.current", static_cast<double>(reserved));
    out.set("reserved_bytes.all.peak", static_cast<double>(peak_reserved));
    out.set("num_alloc_retries", static_cast<double>(retries));
    out.set("num_ooms", static_cast<double>(out_of_memory));
    return out;
  }
};

/// How the device computes; what is not set stays as it is.
struct Numerics {
  std::optional<bool> allow_tf32{};       ///< matrix products and convolutions in TF32
  std::optional<bool> cudnn_benchmark{};  ///< cuDNN tries its algorithms and keeps the fastest
  std::optional<bool> deterministic{};    ///< cuDNN takes deterministic algorithms only

  friend bool operator==(const Numerics&, const Numerics&) = default;
};

/// An event: a point in the work of a stream, for which another stream or the host can wait.
template <class E, class Stream>
concept DeviceEvent = std::default_initializable<E> && requires(E& event, const Stream& stream) {
  event.record(stream);  // behind what the stream has to do so far
  event.block(stream);   // the stream waits for it, the host does not
  event.synchronize();   // the host waits for it
};

/// A recorded piece of work that can be done again.
template <class G, class Stream>
concept DeviceGraph = std::default_initializable<G> && requires(G& graph, const Stream& stream,
                                                                const std::function<void()>& work) {
  graph.capture(stream, work);  // calls `work`, whose operations are written down
  graph.replay();               // does them once more, also the first time
  graph.reset();                // lets its memory go
};

/// The calls that `lt` makes. Devices are indices of one machine.
template <class L>
concept DeviceLayer =
    DeviceEvent<typename L::Event, typename L::Stream> &&
    DeviceGraph<typename L::Graph, typename L::Stream> &&
    requires(std::int64_t device, const Tensor& tensor, const typename L::Stream& stream,
             const Numerics& numerics) {
      { L::name } -> std::convertible_to<std::string_view>;
      { L::type } -> std::convertible_to<c10::DeviceType>;
      { L::device_count() } -> std::same_as<std::int64_t>;
      { L::why_unavailable() } -> std::convertible_to<std::string>;  // where there are none
      { L::device(device) } -> std::same_as<Device>;
      L::set_device(device);
      { L::current_stream(device) } -> std::same_as<typename L::Stream>;
      { L::side_stream(device) } -> std::same_as<typename L::Stream>;  // another one
      typename L::StreamGuard;  // made of a stream: operations go there while it lives
      { L::pin(tensor) } -> std::same_as<Tensor>;                      // in memory that copies fast
      { L::copy(tensor, L::device(device)) } -> std::same_as<Tensor>;  // does not wait
      L::keep_for(tensor, stream);  // its memory is not given away before the stream is done
      L::synchronize(device);
      { L::memory_stats(device) } -> std::same_as<MemoryStats>;
      L::reset_peak_memory(device);
      L::empty_cache();
      { L::apply(numerics) } -> std::same_as<Numerics>;  // what was set before
    };

}  // namespace lt::cuda
