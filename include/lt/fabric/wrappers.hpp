// SPDX-License-Identifier: Apache-2.0
// Modules, optimizers and loaders as Fabric gives them back. Each refers to the original and to its
// Fabric, and both must outlive it.
#pragma once

#include "lt/data/tensor_tree.hpp"
#include "lt/optim/scale_floor.hpp"
#include "lt/optim/step_now.hpp"
#include "lt/policies/precision.hpp"
#include "lt/tensor.hpp"

#include <ATen/core/grad_mode.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// A module whose forward pass runs in Fabric's precision; `->` reaches the original. Call
/// `backward` of the Fabric, not of the loss.
template <class Fabric, class M>
class FabricModule {
 public:
  FabricModule(Fabric& fabric, M& module) : fabric_(&fabric), module_(&module) {}

  /// Arguments are converted, `forward` of the module runs under autocast, and what it returns is
  /// in the default type again.
  template <class... Args>
  auto forward(Args... args) {
    (fabric_->precision().convert_input(args), ...);
    fabric_->strategy().before_forward(*module_);
    auto output = under_autocast(args...);
    fabric_->precision().convert_output(output);
    expect_backward(output);
    return output;
  }
  template <class... Args>
  auto operator()(Args... args) {
    return forward(std::move(args)...);
  }

  M& wrapped() const { return *module_; }
  M& operator*() const { return *module_; }
  M* operator->() const { return module_; }

 private:
  template <class Output>
  void expect_backward(const Output& output) {
    if constexpr (Fabric::strategy_type::is_distributed) {
      if (c10::GradMode::is_enabled()) {
        std::vector<Tensor> tensors;
        for_each_tensor(output, [&](const Tensor& tensor) { tensors.push_back(tensor); });
        fabric_->strategy().prepare_backward(*module_, tensors);
      }
    }
  }

  template <class... Args>
  auto under_autocast(Args&... args) {
    const auto guard = fabric_->autocast();
    return module_->forward(args...);
  }

  Fabric* fabric_;
  M* module_;
};

/// An optimizer whose steps go through Fabric's precision; `->` reaches the original. A callback's
/// `on_after_optimizer_step(strategy, optimizer)` follows each step.
template <class Fabric, class O>
class FabricOptimizer {
  static constexpr bool scales = LossScaling<typename Fabric::precision_type>;
  static_assert(!(scales && needs_closure<O>()),
                "lt[E178] this optimizer evaluates its loss several times in a step (LBFGS), but "
                "the Fabric's precision scales the loss and must unscale the gradients once before "
                "the step; Fix: take lt::precision::Bf16Mixed or another optimizer");

 public:
  FabricOptimizer(Fabric& fabric, O& optimizer) : fabric_(&fabric), optimizer_(&optimizer) {}

  /// Moves by the gradients that are there; under 16-mixed not if one of them is not finite.
  void step() {
    if constexpr (scales) {
      auto& scaler = fabric_->precision().scaler();
      scaler.step(*optimizer_, [&] { step_now(*optimizer_); });
      scaler.update();
      optim::report_scale_floor(scaler, fabric_->messages());
    } else {
      step_now(*optimizer_);
    }
    fabric_->after_step(*optimizer_);
  }
  /// The same after `closure`, which returns the loss. LBFGS calls it several times.
  template <std::invocable F>
  requires(!scales)
  auto step(F&& closure) {
    auto loss = optimizer_->step(closure);
    fabric_->after_step(*optimizer_);
    return loss;
  }
  void zero_grad(bool set_to_none = true) { optimizer_->zero_grad(set_to_none); }

  O& wrapped() const { return *optimizer_; }
  O& operator*() const { return *optimizer_; }
  O* operator->() const { return optimizer_; }

 private:
  Fabric* fabric_;
  O* optimizer_;
};

/// True for an accelerator to whose device batches can be on their way ahead of their use.
template <class A>
inline constexpr bool has_prefetcher = requires(A& accelerator) { accelerator.prefetcher(); };

/// A loader whose batches are on Fabric's device. Each pass tells a sampler that shuffles by epochs
/// which one it is. Where the accelerator can, the next batch is on its way while one is used.
template <class Fabric, class L>
class FabricLoader {
  using Inner = decltype(std::ranges::begin(std::declval<L&>()));
  using End = decltype(std::ranges::end(std::declval<L&>()));
  using Batch = std::remove_cvref_t<decltype(*std::declval<Inner&>())>;

  // The batch ahead; only for accelerators that can.
  template <class A>
  struct Ahead {};
  template <class A>
  requires has_prefetcher<A>
  struct Ahead<A> {
    using Coming = decltype(std::declval<A&>().prefetcher().start(std::declval<Batch>()));
    std::optional<Batch> now;
    std::optional<Coming> next;
  };
  static constexpr bool ahead = has_prefetcher<typename Fabric::accelerator_type>;

 public:
  class iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator(Fabric& fabric, Inner it, End end)
        : fabric_(&fabric), it_(std::move(it)), end_(std::move(end)) {
      if constexpr (ahead) {
        start_next();
        advance();
      }
    }

    value_type operator*() const {
      if constexpr (ahead) {
        return *ahead_.now;
      } else {
        return fabric_->to_device(value_type(*it_));
      }
    }
    iterator& operator++() {
      advance();
      return *this;
    }
    void operator++(int) { advance(); }
    bool operator==(std::default_sentinel_t) const {
      if constexpr (ahead) {
        return !ahead_.now;
      } else {
        return it_ == end_;
      }
    }

   private:
    void advance() {
      if constexpr (ahead) {
        ahead_.now.reset();
        if (ahead_.next) {
          ahead_.now = prefetcher().take(std::move(*ahead_.next));
          ahead_.next.reset();
          ++it_;
          start_next();
        }
      } else {
        ++it_;
      }
    }
    void start_next() {
      if constexpr (ahead) {
        if (it_ != end_) {
          ahead_.next = prefetcher().start(value_type(*it_));
        }
      }
    }
    auto& prefetcher() { return fabric_->accelerator().prefetcher(); }

    Fabric* fabric_;
    mutable Inner it_;
    End end_;
    Ahead<typename Fabric::accelerator_type> ahead_;
  };

  FabricLoader(Fabric& fabric, L& loader) : fabric_(&fabric), loader_(&loader) {}

  iterator begin() {
    if constexpr (requires { loader_->set_epoch(passes_); }) {
      loader_->set_epoch(passes_);
    }
    ++passes_;
    return iterator(*fabric_, std::ranges::begin(*loader_), std::ranges::end(*loader_));
  }
  std::default_sentinel_t end() { return {}; }

  /// Batches in a pass, where the loader knows it.
  auto size() const
  requires requires(const L& loader) { loader.size(); }
  {
    return loader_->size();
  }
  L& wrapped() const { return *loader_; }
  L* operator->() const { return loader_; }

 private:
  Fabric* fabric_;
  L* loader_;
  std::int64_t passes_ = 0;
};

}  // namespace lt
