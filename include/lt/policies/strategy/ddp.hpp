// SPDX-License-Identifier: Apache-2.0
// Ddp: data-parallel training on c10d, the engine of Python's DistributedDataParallel.
#pragma once

#include "lt/checkpoint/module_state.hpp"
#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/children.hpp"
#include "lt/distributed/ddp_options.hpp"
#include "lt/distributed/gradient_reducer.hpp"
#include "lt/distributed/group.hpp"
#include "lt/distributed/thread_rank.hpp"
#include "lt/policies/backend/gloo.hpp"
#include "lt/policies/environment/detect.hpp"
#include "lt/policies/strategy.hpp"
#include "lt/seed.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace lt::strategy {

/// Each rank trains a copy of the model on its share of the samples; gradients are averaged while
/// the backward pass goes on. Ranks come from what launched the process, from `lt::launch`, or are
/// started here (`devices`). `B` carries the tensors.
///
///   lt::Trainer<Model, Data, lt::strategy::Ddp, lt::accelerator::Cpu, lt::precision::F32> trainer;
///
/// Errors: lt::DistributedError, within the time-out, naming the rank and the operation.
/// Source: torch/nn/parallel/distributed.py; Lightning, strategies/ddp.py.
template <Backend B>
class DdpOn {
 public:
  using policy_family = strategy_tag;
  using backend = B;
  using Options = DdpOptions;
  static constexpr std::string_view name = "ddp";
  static constexpr bool is_distributed = true;

  explicit DdpOn(DdpOptions options = {}) : options_(options) { validate(options_, "Ddp"); }

  const DdpOptions& options() const { return options_; }
  std::int64_t world_size() const { return place_.world_size; }
  std::int64_t global_rank() const { return place_.global_rank; }
  std::int64_t local_rank() const { return place_.local_rank; }

  /// Ranks are where an environment says they are, whatever launcher would be found.
  void set_place(const RankPlace& place) { given_ = place; }

  /// Finds out which rank this is, without meeting the others.
  void locate() {
    if (!located_) {
      place_ = find_place();
      located_ = true;
    }
  }
  /// Joins the other ranks, the first time; later calls find them there.
  void setup_environment(Device device) {
    if (!group_) {
      locate();
      share_cores();
      const std::chrono::milliseconds timeout(static_cast<std::int64_t>(options_.timeout * 1000.0));
      group_ = std::make_unique<distributed::Group>(
          distributed::Group::join<B>(place_, find_store(timeout), timeout, group_device(device)));
    }
    if (std::getenv("PL_GLOBAL_SEED") != nullptr) {
      const char* workers = std::getenv("PL_SEED_WORKERS");
      seed_everything({}, workers != nullptr && *workers == '1');
    }
  }
  /// Lets the model go; the ranks stay together until this object ends.
  void teardown() { reducer_.reset(); }

  // -- the model ----------------------------------------------------------------------------------
  template <class M>
  void setup_module(M& module, bool trains) {
    distributed::ModelTensors tensors = tensors_of(module);
    if (trains && tensors.parameters.empty()) {
      throw ConfigError(
          "lt[E529] Ddp: the model has no parameter that requires a gradient; expected one, as "
          "there is nothing to exchange without");
    }
    distributed::broadcast_model(*group_, tensors, options_.broadcast_buffers);
    if (trains) {
      reducer_ =
          std::make_unique<distributed::GradientReducer>(*group_, std::move(tensors), options_);
    }
  }
  template <class M>
  void before_forward(const M&) {
    if (reducer_) {
      reducer_->before_forward();
    }
  }
  template <class M>
  void prepare_backward(const M&, std::span<const Tensor> outputs) {
    if (reducer_) {
      reducer_->prepare(outputs);
    }
  }
  template <class F>
  void run_backward(F&& f) {
    if (reducer_) {
      reducer_->backward(std::forward<F>(f));
    } else {
      std::forward<F>(f)();
    }
  }
  void backward(const Tensor& loss) {
    run_backward([&] { loss.backward(); });
  }

  /// Gradients stay on their rank while it lives.
  class NoSync {
   public:
    NoSync(distributed::GradientReducer* reducer, bool enabled) : reducer_(reducer) {
      if (reducer_ != nullptr) {
        before_ = reducer_->syncs();
        reducer_->set_syncs(before_ && !enabled);
      }
    }
    ~NoSync() {
      if (reducer_ != nullptr) {
        reducer_->set_syncs(before_);
      }
    }
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    distributed::GradientReducer* reducer_;
    bool before_ = true;
  };
  NoSync no_backward_sync(bool enabled = true) { return NoSync(reducer_.get(), enabled); }

  // -- the ranks ----------------------------------------------------------------------------------
  void barrier(std::string_view what) { group().barrier(what); }
  Tensor all_gather(const Tensor& tensor) { return group().all_gather(tensor); }
  Tensor all_reduce(const Tensor& tensor, ReduceOp op) { return group().all_reduce(tensor, op); }
  Tensor broadcast(const Tensor& tensor, std::int64_t src) {
    return group().broadcast(tensor, src);
  }
  bool decide(bool mine, bool of_all) { return group().decide(mine, of_all); }
  std::string broadcast_text(const std::string& own) { return group().broadcast_text(own); }
  void agree(std::string_view what, std::string_view own) { group().agree(what, own); }

  bool pads_evaluation() const { return !options_.exact_evaluation; }
  std::string description() const {
    return text("find_unused_parameters = ", options_.find_unused_parameters,
                "\nstatic_graph = ", options_.static_graph,
                "\nbroadcast_buffers = ", options_.broadcast_buffers,
                "\nbucket_cap_mb = ", options_.bucket_cap_mb,
                "\ncomm_hook = ", static_cast<int>(options_.comm_hook),
                "\nexact_evaluation = ", options_.exact_evaluation, "\n");
  }

  /// The ranks, for exchanges of one's own. Errors: lt::ConfigError (E530) before they have met.
  distributed::Group& group() {
    if (!group_) {
      throw ConfigError(
          "lt[E530] Ddp: the ranks have not met yet; expected fabric.launch(), or a "
          "call of the trainer, first");
    }
    return *group_;
  }
  /// The exchange of gradients, during a fit; null otherwise.
  const distributed::GradientReducer* reducer() const { return reducer_.get(); }

 private:
  // The rank's own device where the backend takes such tensors; the backend's kind otherwise.
  static Device group_device(Device own) {
    return own.type() == B::device ? own : Device(B::device);
  }

  RankPlace find_place() {
    if (given_) {
      return *given_;
    }
    if (const auto* thread = distributed::thread_rank()) {
      return thread->place;
    }
    const std::int64_t wanted = options_.devices.value_or(1);
    const auto found = environment::detect();
    if (!found) {
      return B::connects && wanted > 1 ? children_.start(wanted) : RankPlace{};
    }
    const std::int64_t local = found->place.local_world_size;
    if (options_.devices && local != 0 && local != wanted) {
      throw ConfigError(text("lt[E531] Ddp: devices = ", wanted, ", but ", found->name,
                             " has started ", local,
                             " ranks on this machine; expected the same number, or no `devices`"));
    }
    return found->place;
  }

  c10::intrusive_ptr<c10d::Store> find_store(std::chrono::milliseconds timeout) const {
    if (!B::connects) {
      return c10::make_intrusive<c10d::HashStore>();
    }
    const auto* thread = distributed::thread_rank();
    return thread != nullptr && !given_ ? thread->store : distributed::open_store(place_, timeout);
  }

  // Ranks of one machine share its cores, unless OMP_NUM_THREADS says how.
  void share_cores() const {
    if (place_.local_world_size > 1 && distributed::thread_rank() == nullptr &&
        std::getenv("OMP_NUM_THREADS") == nullptr) {
      const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
      at::set_num_threads(
          static_cast<int>(std::max<std::int64_t>(1, cores / place_.local_world_size)));
    }
  }

  template <class M>
  static distributed::ModelTensors tensors_of(const M& module) {
    static_assert(NamedParameters<M>,
                  "lt[E532] Ddp needs a model whose parameters have names, to exchange their "
                  "gradients; Fix: derive the model from lt::nn::Module or torch::nn::Module");
    distributed::ModelTensors tensors;
    collect(module, "", tensors);
    return tensors;
  }
  template <class M>
  static void collect(const M& module, const std::string& prefix, distributed::ModelTensors& out) {
    const auto seen = [&](const Tensor& tensor) {
      return std::any_of(out.all.begin(), out.all.end(),
                         [&](const Tensor& other) { return other.is_same(tensor); });
    };
    for (const auto& item : module.named_parameters(false)) {
      if (!item.value().defined() || seen(item.value())) {
        continue;  // shared between layers: exchanged once
      }
      out.all.push_back(item.value());
      if (item.value().requires_grad()) {
        out.parameters.push_back(item.value());
        out.names.push_back(prefix + item.key());
      }
    }
    for (const auto& item : module.named_buffers(false)) {
      if (item.value().defined()) {
        out.buffers.push_back(item.value());
      }
    }
    for (const auto& child : module.named_children()) {
      collect(*child.value(), prefix + child.key() + ".", out);
    }
  }

  DdpOptions options_;
  std::optional<RankPlace> given_;
  RankPlace place_;
  bool located_ = false;
  distributed::Children children_;  // ends after the group: they leave together
  std::unique_ptr<distributed::Group> group_;
  std::unique_ptr<distributed::GradientReducer> reducer_;
};

/// Data-parallel training over Gloo.
using Ddp = DdpOn<lt::backend::Gloo>;

}  // namespace lt::strategy
