// SPDX-License-Identifier: Apache-2.0
// The exchange of gradients while the backward pass goes on: c10d's Reducer, set up and used as
// Python's DistributedDataParallel does.
// Source: torch/nn/parallel/distributed.py.
#pragma once

#include "lt/distributed/ddp_options.hpp"
#include "lt/distributed/group.hpp"

#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lt::distributed {

/// What is exchanged of a model.
struct ModelTensors {
  std::vector<Tensor> parameters;  ///< that are trained
  std::vector<std::string> names;  ///< theirs
  std::vector<Tensor> all;         ///< parameters, frozen ones too, in the order of the model
  std::vector<Tensor> buffers;
};

namespace detail {

inline constexpr std::size_t broadcast_bytes = 250u << 20;

/// As c10d's hook for float16, whose sum is divided beforehand.
class Bf16CompressHook
    : public c10d::CppCommHookInterface<c10::intrusive_ptr<c10d::ProcessGroup>> {
 public:
  using CppCommHookInterface::CppCommHookInterface;

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    Tensor compressed = bucket.getBuffer().to(c10::kBFloat16);
    compressed.div_(state_->getSize());
    std::vector<Tensor> tensors = {compressed};
    const auto work = state_->allreduce(tensors);
    return work->getFuture()->then(
        [buffer = bucket.getBuffer()](c10::ivalue::Future& future) {
          Tensor out = buffer;
          out.copy_(future.value().toTensorVector()[0]);
          return c10::IValue(out);
        },
        c10::TensorType::get());
  }
};

}  // namespace detail

/// Gives all ranks rank zero's parameters and buffers.
/// Errors: lt::DistributedError (E511), also for models that differ in their parameters.
inline void broadcast_model(const Group& group, const ModelTensors& model, bool buffers) {
  std::vector<Tensor> all;
  const auto add = [&](const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) {
      all.push_back(tensor.detach());
    }
  };
  if (!model.parameters.empty()) {
    group.guarded("verify parameters", [&] {
      c10d::verify_params_across_processes(group.handle(), model.parameters, {});
    });
  }
  add(model.all);
  if (buffers) {
    add(model.buffers);
  }
  if (!all.empty()) {
    group.guarded("broadcast of the model", [&] {
      c10d::broadcast_coalesced(group.handle(), all, detail::broadcast_bytes);
    });
  }
}

/// Averages the gradients of one model among the ranks.
class GradientReducer {
 public:
  GradientReducer(Group& group, ModelTensors model, const DdpOptions& options)
      : group_(&group), model_(std::move(model)), options_(options) {
    group_->guarded("set-up of the gradients' exchange", [&] { make_reducer(); });
  }

  bool syncs() const { return syncs_; }
  void set_syncs(bool on) { syncs_ = on; }

  /// Before each forward pass.
  void before_forward() {
    named_errors("exchange before a step", [&] {
      if (c10::GradMode::is_enabled()) {
        if (syncs_) {
          reducer_->prepare_for_forward();
        }
        reducer_->rebuild_buckets();
      }
      sync_buffers();
    });
  }

  /// Between the forward and the backward pass.
  void prepare(std::span<const Tensor> outputs) {
    buffers_due_ = syncs_;
    if (!syncs_) {
      return;
    }
    named_errors("preparation of backward", [&] {
      const bool search = options_.find_unused_parameters && !options_.static_graph;
      reducer_->prepare_for_backward(search ? std::vector<Tensor>(outputs.begin(), outputs.end())
                                            : std::vector<Tensor>());
    });
  }

  template <class F>
  void backward(F&& f) {
    named_errors("gradient all_reduce in backward", [&] {
      std::forward<F>(f)();
      // In the first step of a static graph it is not known yet which gradients will come.
      if (options_.static_graph && syncs_ && !first_step_done_) {
        reducer_->delay_all_reduce();
        first_step_done_ = true;
      }
    });
  }

  /// Parameters by the bucket in which their gradients travel, in the order of sending.
  std::vector<c10d::GradBucket> buckets() const { return reducer_->get_grad_buckets(true); }

 private:
  void make_reducer() {
    constexpr double mib = 1024.0 * 1024.0;
    const double cap = options_.bucket_cap_mb.value_or(c10d::kDefaultBucketBytesCap / mib) * mib;
    const auto bytes = static_cast<std::int64_t>(cap);
    const std::int64_t first_bytes =
        options_.bucket_cap_mb ? bytes : std::int64_t{c10d::kDefaultFirstBucketBytes};
    // In the first step parameters are in the order of the model, not of the backward pass: one
    // bucket, so that ranks which use different ones do not exchange in different orders.
    std::vector<std::size_t> limits = {std::numeric_limits<std::int64_t>::max()};
    if (options_.find_unused_parameters && !options_.static_graph) {
      limits = {static_cast<std::size_t>(bytes)};
      if (first_bytes < bytes) {
        limits.insert(limits.begin(), static_cast<std::size_t>(first_bytes));
      }
    }
    const std::vector<bool> sparse(model_.parameters.size(), false);
    auto buckets = std::get<0>(
        c10d::compute_bucket_assignment_by_size(model_.parameters, limits, sparse));
    std::reverse(buckets.begin(), buckets.end());
    std::unordered_map<std::size_t, std::string> names;
    for (std::size_t i = 0; i < model_.names.size(); ++i) {
      names[i] = model_.names[i];
    }
    reducer_ = std::make_shared<c10d::Reducer>(
        model_.parameters, std::move(buckets), group_->handle(), sparse, bytes,
        options_.find_unused_parameters, options_.gradient_as_bucket_view, std::move(names),
        first_bytes, /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
        std::vector<std::int64_t>());
    if (options_.static_graph) {
      reducer_->set_static_graph();
    }
    if (options_.comm_hook == CommHook::fp16_compress) {
      reducer_->register_builtin_comm_hook(c10d::BuiltinCommHookType::FP16_COMPRESS);
    } else if (options_.comm_hook == CommHook::bf16_compress) {
      reducer_->register_comm_hook(std::make_unique<detail::Bf16CompressHook>(group_->handle()));
    }
  }

  // Once after each backward pass that exchanged gradients, as Python does.
  void sync_buffers() {
    if (buffers_due_ && options_.broadcast_buffers && !model_.buffers.empty()) {
      c10d::broadcast_coalesced(group_->handle(), model_.buffers, detail::broadcast_bytes);
    }
    buffers_due_ = false;
  }

  template <class F>
  void named_errors(std::string_view operation, F&& f) const {
    group_->guarded(operation, [&] {
      try {
        std::forward<F>(f)();
      } catch (const std::exception& error) {
        const std::string_view what = error.what();
        if (what.find("Expected to have finished reduction in the prior iteration") == what.npos) {
          throw;
        }
        throw DistributedError(text(
            "lt[E517] rank ", group_->place().global_rank, " of ", group_->place().world_size,
            ": some parameters had no gradient in the step before this one; expected all to have a "
            "part in the loss: train them, freeze them (requires_grad = false), or set "
            "DdpOptions::find_unused_parameters = true (",
            first_line(what), ")"));
      }
    });
  }

  Group* group_;
  ModelTensors model_;
  DdpOptions options_;
  std::shared_ptr<c10d::Reducer> reducer_;  // shared: c10d refers to it weakly
  bool syncs_ = true;
  bool buffers_due_ = true;
  bool first_step_done_ = false;
};

}  // namespace lt::distributed
