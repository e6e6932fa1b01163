// SPDX-License-Identifier: Apache-2.0
// The typed context: what callbacks get first, and steps on request.
#pragma once

#include "lt/core/run_view.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/tensor.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace lt {

/// A RunView that also knows the model and, for manual optimization, the optimizers.
template <class Engine>
class Context : public RunView {
 public:
  Context(Engine& engine, RunState& state, TrainerOptions& options, Messages& messages,
          const RunServices& services)
      : RunView(state, options, messages, services), engine_(&engine) {}

  /// The engine of the trainer; what it offers beyond this class may change.
  Engine& engine() const { return *engine_; }
  /// The model of the run.
  auto& model() const { return engine_->model(); }
  /// Strategy, accelerator and precision.
  auto& fabric() const { return engine_->fabric(); }
  Device device() const { return engine_->fabric().device(); }

  // -- prediction ---------------------------------------------------------------------------------
  /// The samples of the prediction batch at hand, as indices into the dataset; empty for a loader
  /// that does not tell them.
  auto batch_indices() const { return engine_->predict_batch_indices(); }
  /// The predictions of this run so far: `[loader][batch]`.
  const auto& predictions() const { return engine_->predictions(); }

  using RunView::log;
  /// Logs the one number in a tensor.
  void log(std::string_view name, const Tensor& value, const LogOptions& options = {}) {
    engine_->metrics().log(name, scalar_of(value, name), options);
  }

  // -- manual optimization ------------------------------------------------------------------------
  /// The optimizer with that index.
  template <std::size_t I = 0>
  auto optimizer() {
    return engine_->template optimizer<I>();
  }
  /// All optimizers: a tuple of handles, or a vector where configure_optimizers returned vectors.
  auto optimizers() { return engine_->optimizer_handles(); }
  /// All schedules, likewise.
  auto lr_schedulers() { return engine_->schedule_handles(); }
  /// The backward pass with its hooks. Errors: lt::ConfigError under automatic optimization.
  void manual_backward(const Tensor& loss) { engine_->manual_backward(loss); }
  /// Lets gradients flow only to the parameters of one optimizer; `untoggle_optimizer` undoes it.
  template <class Handle>
  void toggle_optimizer(const Handle& handle) {
    engine_->toggle_optimizer(handle);
  }
  template <class Handle>
  void untoggle_optimizer(const Handle& handle) {
    engine_->untoggle_optimizer(handle);
  }
  /// Clips the gradients of one optimizer.
  template <class Handle>
  void clip_gradients(Handle& handle, std::optional<double> value,
                      std::optional<GradClipAlgorithm> algorithm = {}) {
    engine_->clip_gradients(handle, value, algorithm);
  }

 private:
  Engine* engine_;
};

}  // namespace lt
