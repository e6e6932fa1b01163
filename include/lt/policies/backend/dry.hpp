// SPDX-License-Identifier: Apache-2.0
// Dry: the exchange among any number of ranks, written down instead of carried out.
#pragma once

#include "lt/policies/backend.hpp"

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lt::backend {

/// One collective of a dry run.
struct DryCall {
  std::string operation;
  std::int64_t bytes = 0;  ///< that this rank gives
};

/// For planning: one process acts as one rank of a world of any size, say 1,024. Every collective
/// is over at once and leaves this rank's values, as if all others had brought the same; what would
/// have been sent is in `calls()`.
class Dry {
 public:
  static constexpr std::string_view name = "dry";
  static constexpr auto type = c10d::ProcessGroup::BackendType::CUSTOM;
  static constexpr c10::DeviceType device = c10::kCPU;
  static constexpr bool averages = true;
  static constexpr bool connects = false;

  static c10::intrusive_ptr<c10d::Backend> make(const c10::intrusive_ptr<c10d::Store>&,
                                                std::int64_t rank, std::int64_t ranks,
                                                std::chrono::milliseconds);
};

namespace detail {

/// A piece of work that is done.
class DryWork : public c10d::Work {
 public:
  explicit DryWork(std::vector<at::Tensor> tensors)
      : future_(c10::make_intrusive<c10::ivalue::Future>(
            c10::ListType::create(c10::TensorType::get()))) {
    future_->markCompleted(c10::IValue(std::move(tensors)));
    finish();
  }
  bool wait(std::chrono::milliseconds) override { return true; }
  c10::intrusive_ptr<c10::ivalue::Future> getFuture() override { return future_; }

 private:
  c10::intrusive_ptr<c10::ivalue::Future> future_;
};

}  // namespace detail

/// c10d's view of it.
class DryBackend : public c10d::Backend {
 public:
  DryBackend(std::int64_t rank, std::int64_t ranks)
      : Backend(static_cast<int>(rank), static_cast<int>(ranks)) {}

  const std::string getBackendName() const override { return "dry"; }

  /// What has been called so far, in its order. Calls come from the thread of the backward pass too.
  std::vector<DryCall> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& tensors,
                                           const c10d::BroadcastOptions&) override {
    return done("broadcast", tensors);
  }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions& options) override {
    if (options.reduceOp == c10d::ReduceOp::SUM) {
      for (at::Tensor& tensor : tensors) {
        tensor.mul_(getSize());  // all others have brought the same
      }
    }
    return done("all_reduce", tensors);
  }
  c10::intrusive_ptr<c10d::Work> allgather(std::vector<std::vector<at::Tensor>>& outputs,
                                           std::vector<at::Tensor>& inputs,
                                           const c10d::AllgatherOptions&) override {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (at::Tensor& output : outputs[i]) {
        output.copy_(inputs[i]);
      }
    }
    return done("all_gather", inputs);
  }
  c10::intrusive_ptr<c10d::Work> barrier(const c10d::BarrierOptions&) override {
    return done("barrier", {});
  }

 private:
  c10::intrusive_ptr<c10d::Work> done(std::string operation,
                                      const std::vector<at::Tensor>& tensors) {
    std::int64_t bytes = 0;
    for (const at::Tensor& tensor : tensors) {
      bytes += static_cast<std::int64_t>(tensor.nbytes());
    }
    const std::lock_guard lock(mutex_);
    calls_.push_back({std::move(operation), bytes});
    return c10::make_intrusive<detail::DryWork>(tensors);
  }

  mutable std::mutex mutex_;
  std::vector<DryCall> calls_;
};

inline c10::intrusive_ptr<c10d::Backend> Dry::make(const c10::intrusive_ptr<c10d::Store>&,
                                                   std::int64_t rank, std::int64_t ranks,
                                                   std::chrono::milliseconds) {
  return c10::make_intrusive<DryBackend>(rank, ranks);
}

}  // namespace lt::backend
