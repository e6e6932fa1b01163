// SPDX-License-Identifier: Apache-2.0
// When a step is made by itself, when it is captured, and when the captured one is done again.
#pragma once

#include "lt/core/text.hpp"
#include "lt/cuda/layer.hpp"
#include "lt/data/tensor_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lt::cuda {

/// Shapes and types of the tensors of a batch.
class BatchShapes {
 public:
  BatchShapes() = default;
  template <class Batch>
  explicit BatchShapes(const Batch& batch) {
    for_each_tensor(batch, [&](const Tensor& tensor) {
      if (tensor.defined()) {
        shapes_.push_back({tensor.sizes().vec(), tensor.scalar_type()});
      }
    });
  }
  friend bool operator==(const BatchShapes&, const BatchShapes&) = default;

  void append_to(std::string& out) const {
    std::vector<std::vector<std::int64_t>> sizes;
    for (const auto& [size, type] : shapes_) {
      sizes.push_back(size);
    }
    append(out, sizes);
  }

 private:
  std::vector<std::pair<std::vector<std::int64_t>, c10::ScalarType>> shapes_;
};

/// Captures work on a batch once it has been done on batches of one shape several times in a row,
/// and from then on does it again on each batch of that shape. A batch of another shape, as the
/// last of an epoch, is worked on by itself; when such batches keep coming, the work is captured
/// anew.
template <DeviceLayer L, class Batch>
class GraphedStep {
 public:
  enum class Way : std::uint8_t { by_itself, capture, replay };

  GraphedStep(std::int64_t device, std::int64_t warmup)
      : device_(device), warmup_(warmup), stream_(L::side_stream(device)) {}

  /// What is to be done with this batch; counts it.
  Way next(const Batch& batch) {
    BatchShapes shapes(batch);
    if (captured_ && shapes == *captured_) {
      in_a_row_ = 0;
      return Way::replay;
    }
    if (in_a_row_ == 0 || shapes != pending_) {
      pending_ = std::move(shapes);
      in_a_row_ = 0;
    }
    if (in_a_row_ < warmup_) {
      ++in_a_row_;
      return Way::by_itself;
    }
    return Way::capture;
  }

  /// Shapes of the batches that the captured work takes; none yet.
  const std::optional<BatchShapes>& captured() const { return captured_; }
  const BatchShapes& pending() const { return pending_; }

  /// Does the work on the stream on which it will be captured: what it makes ready there (handles,
  /// workspaces, nodes of autograd) is ready then.
  template <class Work>
  void by_itself(Work&& work) {
    const typename L::Stream outer = L::current_stream(device_);
    begin_.record(outer);
    begin_.block(stream_);
    {
      const typename L::StreamGuard guard(stream_);
      std::forward<Work>(work)();
    }
    end_.record(stream_);
    end_.block(outer);
  }

  /// Captures `work(batch)` on a batch of its own memory. Nothing is computed before `replay`.
  void capture(const Batch& batch, std::function<void(const Batch&)> work) {
    captured_.reset();
    graph_.reset();
    inputs_.clear();
    batch_ = map_tensors(Batch(batch), [&](const Tensor& tensor) {
      return tensor.defined() ? inputs_.emplace_back(tensor.clone()) : tensor;
    });
    graph_.capture(stream_, [this, work = std::move(work)] { work(*batch_); });
    captured_ = pending_;
    in_a_row_ = 0;
  }

  /// Does the captured work on this batch.
  void replay(const Batch& batch) {
    std::size_t i = 0;
    for_each_tensor(batch, [&](const Tensor& tensor) {
      if (tensor.defined()) {
        inputs_[i++].copy_(tensor, /*non_blocking=*/true);
      }
    });
    graph_.replay();
  }

 private:
  std::int64_t device_;
  std::int64_t warmup_;
  typename L::Stream stream_;
  typename L::Event begin_;
  typename L::Event end_;
  typename L::Graph graph_;
  std::optional<BatchShapes> captured_;
  BatchShapes pending_;
  std::int64_t in_a_row_ = 0;
  std::vector<Tensor> inputs_;  // the memory that the captured work reads
  std::optional<Batch> batch_;  // of these
};

}  // namespace lt::cuda
