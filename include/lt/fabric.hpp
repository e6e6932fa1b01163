// SPDX-License-Identifier: Apache-2.0
// Fabric: strategy, accelerator and precision as one engine for training loops, written by hand or
// the Trainer's.
#pragma once

#include "lt/core/trainer_options.hpp"
#include "lt/data/tensor_tree.hpp"
#include "lt/optim/clip.hpp"
#include "lt/policies/accelerator/cpu.hpp"
#include "lt/policies/precision/f32.hpp"
#include "lt/policies/strategy/single_device.hpp"
#include "lt/seed.hpp"
#include "lt/tensor.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Composes the three policies that decide where and how a model computes. Each does one thing:
/// the accelerator names the device, the precision the number types, the strategy the ranks.
template <Strategy S = strategy::SingleDevice, Accelerator A = accelerator::Cpu,
          Precision P = precision::F32>
class Fabric {
 public:
  using strategy_type = S;
  using accelerator_type = A;
  using precision_type = P;

  explicit Fabric(S strategy = {}, A accelerator = {}, P precision = {})
      : strategy_(std::move(strategy)),
        accelerator_(std::move(accelerator)),
        precision_(std::move(precision)) {}

  S& strategy() { return strategy_; }
  A& accelerator() { return accelerator_; }
  P& precision() { return precision_; }

  Device device() const { return accelerator_.device(); }
  std::int64_t world_size() const { return strategy_.world_size(); }
  std::int64_t global_rank() const { return strategy_.global_rank(); }
  bool is_global_zero() const { return global_rank() == 0; }

  /// Opens the device and joins the other ranks. Errors: lt::ConfigError when the accelerator is
  /// not there.
  void launch() {
    if (!A::is_available()) {
      throw ConfigError(text("lt[E190] accelerator ", A::name, " is not available on this machine"));
    }
    accelerator_.setup();
    strategy_.setup_environment(device());
  }

  /// Moves a model to the device and converts its parameters.
  template <class Module>
  Module& setup(Module& module) {
    if constexpr (!A::is_host && requires { module.to(device()); }) {
      module.to(device());
    }
    precision_.convert_module(module);
    return module;
  }

  /// Moves the tensors of a batch to the device.
  template <class Batch>
  Batch to_device(Batch batch) const {
    if constexpr (A::is_host) {
      return batch;
    } else {
      return map_tensors(std::move(batch), [&](const Tensor& tensor) {
        return tensor.defined() ? tensor.to(device(), /*non_blocking=*/true) : tensor;
      });
    }
  }

  /// Guard around forward passes: mixed precision is on while it lives.
  auto autocast() { return precision_.step_guard(); }

  /// The backward pass of a loss; gradients are reduced among ranks as they come.
  void backward(const Tensor& loss) { strategy_.backward(precision_.scale(loss)); }

  /// Guard: gradients stay on their rank, for all but the last batch of an accumulation window.
  auto no_backward_sync() { return strategy_.no_backward_sync(); }

  /// Clips the gradients of an optimizer's parameters: to `max_norm` over all together, or each
  /// element to `clip_val`.
  template <class O>
  void clip_gradients(O& optimizer, double value, GradClipAlgorithm algorithm) {
    params_.clear();
    collect_params(optimizer, params_);
    if (algorithm == GradClipAlgorithm::norm) {
      optim::clip_grad_norm_(params_, value);
    } else {
      optim::clip_grad_value_(params_, value);
    }
    params_.clear();
  }

  void barrier(std::string_view name = "barrier") { strategy_.barrier(name); }
  Tensor all_gather(const Tensor& tensor) { return strategy_.all_gather(tensor); }

  std::uint64_t seed_everything(std::optional<std::uint64_t> seed = {}, bool workers = false) {
    return lt::seed_everything(seed, workers);
  }

  void teardown() {
    strategy_.teardown();
    accelerator_.teardown();
  }

  /// All parameters of an optimizer, in the order of its groups.
  template <class O>
  static void collect_params(O& optimizer, std::vector<Tensor>& out) {
    if constexpr (requires { optimizer.param_groups(); }) {
      for (auto& group : optimizer.param_groups()) {
        if constexpr (requires { group.params.begin(); }) {
          out.insert(out.end(), group.params.begin(), group.params.end());
        } else {
          out.insert(out.end(), group.params().begin(), group.params().end());
        }
      }
    } else {
      optimizer.visit([&](auto& chosen) { collect_params(chosen, out); });
    }
  }

 private:
  S strategy_;
  A accelerator_;
  P precision_;
  std::vector<Tensor> params_;  // kept for its memory
};

}  // namespace lt
