// SPDX-License-Identifier: Apache-2.0
// A device layer without a device: tensors stay on the host, and what is asked of the device is
// written down.
#pragma once

#include <lt/cuda/layer.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct FakeLayer {
  static constexpr std::string_view name = "fake";
  static constexpr c10::DeviceType type = c10::kCPU;

  /// What the test sets, and what was asked of the device.
  struct World {
    std::int64_t devices = 2;
    std::int64_t current = 0;
    int stream = 0;  // of the operations now
    int streams = 1;
    int events = 0;
    lt::cuda::Numerics numerics{false, false, false};
    std::vector<std::string> calls;
    std::int64_t captures = 0;
    std::int64_t replays = 0;
  };
  static World& world() {
    static World instance;
    return instance;
  }
  static void note(std::string call) { world().calls.push_back(std::move(call)); }

  struct Stream {
    int id = 0;
  };
  class StreamGuard {
   public:
    explicit StreamGuard(const Stream& stream) : before_(world().stream) {
      world().stream = stream.id;
    }
    ~StreamGuard() { world().stream = before_; }
    StreamGuard(const StreamGuard&) = delete;
    StreamGuard& operator=(const StreamGuard&) = delete;

   private:
    int before_;
  };
  class Event {
   public:
    void record(const Stream& stream) {
      id_ = ++world().events;
      note("record " + std::to_string(id_) + " on " + std::to_string(stream.id));
    }
    void block(const Stream& stream) {
      note("stream " + std::to_string(stream.id) + " waits for " + std::to_string(id_));
    }
    void synchronize() { note("host waits for " + std::to_string(id_)); }

   private:
    int id_ = 0;
  };
  /// Captured work is done at once, and the first replay is that; later ones do it again. What
  /// counts is the same as on a device: as many executions as replays.
  class Graph {
   public:
    void capture(const Stream& stream, const std::function<void()>& work) {
      const StreamGuard guard(stream);
      ++world().captures;
      work_ = work;
      work_();
      done_ = true;
    }
    void replay() {
      ++world().replays;
      if (!std::exchange(done_, false)) {
        work_();
      }
    }
    void reset() { work_ = nullptr; }

   private:
    std::function<void()> work_;
    bool done_ = false;
  };

  static std::int64_t device_count() { return world().devices; }
  static std::string why_unavailable() { return "the test has none"; }
  static lt::Device device(std::int64_t) { return lt::Device(c10::kCPU); }
  static void set_device(std::int64_t device) {
    world().current = device;
    note("set_device " + std::to_string(device));
  }
  static Stream current_stream(std::int64_t) { return {world().stream}; }
  static Stream side_stream(std::int64_t) { return {world().streams++}; }
  static lt::Tensor pin(const lt::Tensor& tensor) {
    note("pin");
    return tensor;
  }
  static lt::Tensor copy(const lt::Tensor& tensor, lt::Device) {
    note("copy on " + std::to_string(world().stream));
    return tensor.clone();
  }
  static void keep_for(const lt::Tensor&, const Stream& stream) {
    note("keep for " + std::to_string(stream.id));
  }
  static void synchronize(std::int64_t) { note("synchronize"); }
  static lt::cuda::MemoryStats memory_stats(std::int64_t device) {
    return {.allocated = 1000 + device,
            .peak_allocated = 2000,
            .reserved = 4096,
            .peak_reserved = 8192,
            .retries = 1,
            .out_of_memory = 0};
  }
  static void reset_peak_memory(std::int64_t) {}
  static void empty_cache() { note("empty_cache"); }
  static lt::cuda::Numerics apply(const lt::cuda::Numerics& wanted) {
    const lt::cuda::Numerics before = world().numerics;
    auto& now = world().numerics;
    now = {wanted.allow_tf32.value_or(*now.allow_tf32),
           wanted.cudnn_benchmark.value_or(*now.cudnn_benchmark),
           wanted.deterministic.value_or(*now.deterministic)};
    return before;
  }
};
static_assert(lt::cuda::DeviceLayer<FakeLayer>);

}  // namespace test
