// SPDX-License-Identifier: Apache-2.0
// Batches on their way to the device while it computes.
#pragma once

#include "lt/cuda/layer.hpp"
#include "lt/data/tensor_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lt::cuda {

/// Copies batches on a stream of their own, from pinned memory, without making the host wait:
///
///   auto coming = prefetcher.start(batch);   // the copy begins
///   ...                                      // the device works on other things
///   auto batch = prefetcher.take(coming);    // what is computed from here on waits for the copy
///
/// At most `depth` batches are ahead of the device's work; then `start` waits for the oldest, which
/// bounds the memory that they take.
template <DeviceLayer L>
class Prefetcher {
 public:
  Prefetcher(std::int64_t device, bool pin, std::int64_t depth)
      : device_(device),
        pin_(pin),
        copies_(L::side_stream(device)),
        slots_(static_cast<std::size_t>(depth)) {}

  /// A batch whose copy has begun.
  template <class Batch>
  struct Coming {
    Batch batch;
    typename L::Event copied;
    std::vector<Tensor> pinned;  // read by the copy
    std::size_t slot = 0;
  };

  /// Begins the copy of a batch. Tensors that are on the device already stay where they are.
  template <class Batch>
  Coming<Batch> start(Batch batch) {
    Coming<Batch> coming{std::move(batch), {}, {}, next_++ % slots_.size()};
    Slot& slot = slots_[coming.slot];
    if (std::exchange(slot.in_use, false)) {
      slot.computed.synchronize();
      slot.pinned.clear();
    }
    const typename L::StreamGuard guard(copies_);
    for_each_tensor(coming.batch, [&](Tensor& tensor) {
      if (!tensor.defined() || (L::type != c10::kCPU && !tensor.is_cpu())) {
        return;
      }
      if (pin_) {
        tensor = L::pin(tensor);
        coming.pinned.push_back(tensor);
      }
      tensor = L::copy(tensor, L::device(device_));
    });
    coming.copied.record(copies_);
    return coming;
  }

  /// The batch, for operations of the current stream, which waits until it is there.
  template <class Batch>
  Batch take(Coming<Batch> coming) {
    const typename L::Stream compute = L::current_stream(device_);
    if (std::exchange(computing_, true)) {
      // All operations on the batch before this one have been given to the stream.
      slots_[current_].computed.record(compute);
      slots_[current_].in_use = true;
    }
    current_ = coming.slot;
    slots_[current_].pinned = std::move(coming.pinned);
    coming.copied.block(compute);
    for_each_tensor(coming.batch, [&](const Tensor& tensor) {
      if (tensor.defined()) {
        L::keep_for(tensor, compute);
      }
    });
    return std::move(coming.batch);
  }

  /// Both: the copy runs beside what the device was given before.
  template <class Batch>
  Batch move(Batch batch) {
    return take(start(std::move(batch)));
  }

 private:
  struct Slot {
    typename L::Event computed;
    bool in_use = false;
    std::vector<Tensor> pinned;
  };

  std::int64_t device_;
  bool pin_;
  typename L::Stream copies_;
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
  std::size_t current_ = 0;
  bool computing_ = false;
};

}  // namespace lt::cuda
