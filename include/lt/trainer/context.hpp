// SPDX-License-Identifier: Apache-2.0
// The typed context: what callbacks get first, and steps on request.
#pragma once

#include "lt/core/run_view.hpp"
#include "lt/metrics/recorded_log.hpp"
#include "lt/optim/lr_scheduler/swa_lr.hpp"
#include "lt/tensor.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

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
    log_value(engine_->metrics(), name, value, options);
  }

  // -- for callbacks that change how a fit goes ----------------------------------------------------
  std::size_t optimizer_count() const { return engine_->optimizer_count(); }
  std::size_t schedule_count() const { return engine_->schedule_count(); }
  /// Calls `f(index, optimizer)` for each optimizer, with its own type.
  template <class F>
  void for_each_optimizer(F&& f) {
    engine_->for_each_optimizer(f);
  }
  /// Calls `f(index, schedule)` for each schedule; `f` sees `schedule.scheduler`, `.options`.
  template <class F>
  void for_each_schedule(F&& f) {
    engine_->for_each_schedule(f);
  }
  /// Puts `scheduler`, which moves the first optimizer once per epoch, in the place of all schedules,
  /// or none. For parts that say `replaces_schedules`. The pointer is good until the next fit.
  optim::SWALR* replace_schedules(std::optional<optim::SWALR> scheduler,
                                  std::span<const double> initial_lr = {}) {
    return engine_->replace_schedules(std::move(scheduler), initial_lr);
  }
  /// Training steps run forward only while it is set.
  void skip_backward(bool skip) { engine_->fit_loop().epoch.skip_backward = skip; }

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
