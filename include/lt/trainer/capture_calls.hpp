// SPDX-License-Identifier: Apache-2.0
// The steps of automatic optimization as one graph, for accelerators that capture them.
#pragma once

#include "lt/core/capture.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/text.hpp"
#include "lt/cuda/graphed_step.hpp"
#include "lt/metrics/recorded_log.hpp"
#include "lt/policies/precision.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Mixin of the trainer's engine; empty under accelerators that do not capture.
template <class Engine, class A, class Types, class Output>
class CaptureCalls {};

template <class Engine, class A, class Types, class Output>
requires captures_step<A>
class CaptureCalls<Engine, A, Types, Output> {
  using Batch = typename Types::TrainBatch;
  using Step = cuda::GraphedStep<typename A::layer, Batch>;

 public:
  /// Makes a step: by itself, or by the graph. `step(batch)` is all of it, hooks included.
  /// Errors: lt::ConfigError for what cannot be captured.
  template <class F>
  void run_captured(const Batch& batch, F step) {
    prepare();
    switch (graph_->next(batch)) {
      case Step::Way::by_itself:
        graph_->by_itself([&] { step(batch); });
        break;
      case Step::Way::capture:
        replay(batch, [&] { capture(batch, step); });
        break;
      case Step::Way::replay:
        replay(batch, [] {});
        break;
    }
  }
  /// Before another model, other optimizers.
  void forget_capture() {
    graph_.reset();
    log_.clear();
    tensors_.clear();
    output_.clear();
    momenta_.clear();
  }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  // What the captured work takes from the host is brought up to date, or has not changed.
  void prepare() {
    if (self().state().plan.accumulate_grad_batches != 1) {
      throw ConfigError(text("lt[E891] CudaGraphed: accumulate_grad_batches = ",
                             self().state().plan.accumulate_grad_batches,
                             "; a captured step is a whole one; expected 1"));
    }
    auto& accelerator = self().fabric().accelerator();
    if (!graph_) {
      graph_.emplace(accelerator.index(), accelerator.options().graph_warmup);
    }
    using Precision = typename std::remove_cvref_t<decltype(self().fabric())>::precision_type;
    if constexpr (LossScaling<Precision>) {
      self().fabric().precision().scaler().decide_on_device(true);
    }
    std::size_t count = 0;
    self().for_each_optimizer([&]<class O>(std::size_t, O& optimizer) {
      static_assert(is_capturable<O>,
                    "lt[E892] CudaGraphed needs an optimizer whose steps ask the host nothing; Fix: "
                    "take lt::optim::AdamW, Adam or SGD with fused = true, or "
                    "lt::accelerator::Cuda");
      if constexpr (is_capturable<O>) {
        optimizer.rates_to_device();
        for (std::size_t i = 0; i < group_count(optimizer); ++i) {
          check_momentum(count++, rates(optimizer, i).momentum.value_or(0.0));
        }
      }
    });
  }
  void check_momentum(std::size_t group, double momentum) {
    if (group == momenta_.size()) {
      momenta_.push_back(momentum);
    } else if (momenta_[group] != momentum) {
      throw ConfigError(text("lt[E893] CudaGraphed: a schedule moved the momentum of group ", group,
                             " from ", momenta_[group], " to ", momentum,
                             ", which a captured step keeps; expected cycle_momentum = false"));
    }
  }

  template <class F>
  void capture(const Batch& batch, const F& step) {
    if (graph_->captured()) {
      self().messages().info("I880",
                             text("CudaGraphed: batches went from ", *graph_->captured(), " to ",
                                  graph_->pending(), ": the step is captured again"));
    }
    log_.clear();
    tensors_.clear();
    try {
      graph_->capture(batch, [this, step](const Batch& own) { pass(step, own); });
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      const std::string_view what = error.what();
      throw ConfigError(text(
          "lt[E894] CudaGraphed: the step could not be captured (", what.substr(0, what.find('\n')),
          "); expected a training step and hooks that never wait for the device: "
          "no item(), no print, no copy to the host, and shapes that do not "
          "depend on values"));
    }
  }

  // Called while the work is captured. What comes out of it stays where replays will put it.
  template <class F>
  void pass(const F& step, const Batch& own) {
    log_.begin();
    tensors_.begin();
    auto& store = self().metrics();
    store.recorded = &log_;
    try {
      step(own);
    } catch (...) {
      store.recorded = nullptr;
      throw;
    }
    store.recorded = nullptr;
    output_ = self().output();
    output_.replace_tensors([&](const Tensor& tensor) { return tensors_.keep(tensor); });
  }

  // `before` may capture first; whatever it and the replay do on the host counts as one step.
  template <class F>
  void replay(const Batch& batch, F&& before) {
    FitProgress progress = self().state().fit;
    before();
    graph_->replay(batch);
    progress.zero_grads.add_ready();
    progress.zero_grads.add_started();
    progress.zero_grads.add_completed();
    progress.optimizer_steps.add_ready();
    progress.optimizer_steps.add_completed();
    self().state().fit = progress;
    self().output() = output_;
    log_.emit(self().metrics());
  }

  std::optional<Step> graph_;
  RecordedLog log_;
  RecordedTensors tensors_;
  Output output_;
  std::vector<double> momenta_;  // of each group, as captured
};

}  // namespace lt
