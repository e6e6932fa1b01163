// SPDX-License-Identifier: Apache-2.0
// The optimization half of the trainer's engine: training steps, backward, optimizer steps,
// clipping, schedules, and manual optimization.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/run_state.hpp"
#include "lt/loops/optimization.hpp"
#include "lt/optim/params.hpp"
#include "lt/policies/precision.hpp"
#include "lt/optim/lr_scheduler/swa_lr.hpp"
#include "lt/trainer/handles.hpp"
#include "lt/trainer/scaled_step.hpp"
#include "lt/trainer/step_output.hpp"
#include "lt/trainer/types.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// True for a model whose type says that the trainer optimizes it.
template <class Model>
constexpr bool always_automatic() {
  if constexpr (requires { std::bool_constant<Model::automatic_optimization>{}; }) {
    return Model::automatic_optimization;
  } else {
    return !requires(Model& model) { model.automatic_optimization; };
  }
}

/// Mixin of the trainer's engine.
template <class Engine, class Model, class Types, class Output>
class OptimizationCalls {
  using Set = typename Types::OptimizerSet;

 public:
  // -- set-up -------------------------------------------------------------------------------------
  /// Asks the model for optimizers and schedules.
  void configure_optimizers() {
    if constexpr (Types::has_optimizers) {
      if constexpr (Set::is_static) {
        static_assert(Set::static_size == 1 || !always_automatic<Model>(),
                      "lt[E159] configure_optimizers returns several optimizers, but automatic "
                      "optimization steps one; Fix: return one optimizer, or write static constexpr "
                      "bool automatic_optimization = false in the model and step them in "
                      "training_step");
        static_assert(!any_needs_closure(std::make_index_sequence<Set::static_size>{}) ||
                          !scales_loss<Engine>(),
                      "lt[E160] configure_optimizers returns an optimizer that evaluates its loss "
                      "several times in a step (LBFGS), but this precision scales the loss and "
                      "must unscale the gradients once before the step; Fix: take "
                      "lt::precision::Bf16Mixed or lt::precision::F32, or another optimizer");
      }
      optimizers_.reset();
      schedules_replaced_ = false;
      replacement_.reset();
      auto configured = self().template call_model<hook::configure_optimizers>();
      if constexpr (detail::is_optional<decltype(configured)>) {
        if (configured) {
          optimizers_.emplace(make_optimizer_set(std::move(*configured)));
        }
      } else {
        optimizers_.emplace(make_optimizer_set(std::move(configured)));
      }
      without_optimizer_ = optimizer_count() == 0;
      if (without_optimizer_) {
        self().messages().warn("W025",
                               "configure_optimizers returned no optimizer: nothing is updated");
        return;
      }
      try {
        if (self().state().automatic_optimization) {
          check_automatic();
        }
        attach_schedules();
      } catch (...) {
        optimizers_.reset();
        throw;
      }
    }
  }
  void drop_optimizers() { optimizers_.reset(); }
  bool has_optimizers() const { return optimizers_.has_value(); }
  /// True after `configure_optimizers` has returned none.
  bool runs_without_optimizer() const { return without_optimizer_; }
  std::size_t optimizer_count() const {
    if constexpr (Types::has_optimizers) {
      return optimizers_ ? optimizers_->size() : 0;
    } else {
      return 0;
    }
  }

  /// Calls `f(index, optimizer)` for each optimizer.
  template <class F>
  void for_each_optimizer(F&& f) {
    if constexpr (Types::has_optimizers) {
      if (optimizers_) {
        optimizers_->for_each(f);
      }
    }
  }
  /// Calls `f(index, schedule)` for each attached schedule.
  template <class F>
  void for_each_schedule(F&& f) {
    if constexpr (Engine::may_replace_schedules) {
      if (schedules_replaced_) {
        if (replacement_) {
          f(std::size_t{0}, *replacement_);
        }
        return;
      }
    }
    if constexpr (Types::has_optimizers) {
      if (optimizers_) {
        optimizers_->for_each_schedule(f);
      }
    }
  }
  std::size_t schedule_count() const {
    if constexpr (Engine::may_replace_schedules) {
      if (schedules_replaced_) {
        return replacement_ ? 1 : 0;
      }
    }
    if constexpr (Types::has_optimizers) {
      return optimizers_ ? optimizers_->schedule_count() : 0;
    } else {
      return 0;
    }
  }

  /// The schedules of the model make way for `scheduler`, which moves optimizer 0 after each epoch,
  /// or for none. `initial_lr`: the base rate of each group. Returns the scheduler that is used.
  optim::SWALR* replace_schedules(std::optional<optim::SWALR> scheduler,
                                  std::span<const double> initial_lr) {
    schedules_replaced_ = true;
    replacement_.reset();
    if (!scheduler) {
      return nullptr;
    }
    replacement_.emplace(AttachedSchedule<optim::SWALR>{.scheduler = std::move(*scheduler),
                                                        .options = {}});
    optimizers_->visit(0, [&](std::size_t, auto& optimizer) {
      detail::with_rates(*replacement_, optimizer, [&](optim::SWALR& own, auto& rates) {
        for (std::size_t i = 0; i < std::min(rates.size(), initial_lr.size()); ++i) {
          rates[i].initial_lr = initial_lr[i];
        }
        own.attach(rates);
      });
    });
    return &replacement_->scheduler;
  }

  // -- automatic optimization ---------------------------------------------------------------------
  /// Runs the model's training step; true if there is a loss.
  template <class Batch>
  bool training_step(Batch& batch, std::int64_t batch_idx) {
    run_step(batch, batch_idx, accumulation_divisor(self().state(), self().options().compat));
    return output_.has_loss();
  }

  void zero_grad(std::int64_t batch_idx) {
    Progress& progress = self().state().fit.zero_grads;
    std::int64_t epoch = self().state().current_epoch();
    with_optimizer(0, [&](auto handle) {
      progress.add_ready();
      self().template fire<hook::on_before_zero_grad>(handle);
      progress.add_started();
      self().template call_model<hook::optimizer_zero_grad>(epoch, batch_idx, handle);
      progress.add_completed();
    });
  }

  void backward() { backward(output_.loss_with_graph()); }

  /// The backward pass of `loss` with all its hooks.
  void backward(const Tensor& loss) {
    const Tensor& scaled = self().fabric().precision().scale(loss);
    auto& strategy = self().fabric().strategy();
    strategy.prepare_backward(self().model(), std::span<const Tensor>(&scaled, 1));
    self().template fire<hook::on_before_backward>(scaled);
    strategy.run_backward([&] { self().template call_model<hook::backward>(scaled); });
    self().template fire<hook::on_after_backward>();
  }

  /// The model's `optimizer_step`, or its default, with a closure that returns the loss.
  template <class Closure>
  void optimizer_step(std::int64_t batch_idx, const Closure& closure) {
    const auto loss_closure = [&]() -> Tensor {
      closure();
      return output_.loss_with_graph();
    };
    std::int64_t epoch = self().state().current_epoch();
    with_optimizer(0, [&](auto handle) {
      self().template call_model<hook::optimizer_step>(epoch, batch_idx, handle, loss_closure);
    });
  }

  auto no_backward_sync() { return self().fabric().no_backward_sync(); }

  /// One step of an optimizer: the closure, the hooks before the update, clipping, the update.
  template <class Handle, class Closure>
  auto step_optimizer(Handle& handle, Closure& closure) {
    RunState& state = self().state();
    if (!state.automatic_optimization) {
      state.fit.manual_steps.add_ready();
    }
    const auto wrapped = [&] {
      if constexpr (std::is_void_v<std::invoke_result_t<Closure&>>) {
        closure();
        before_update(handle);
      } else {
        auto result = closure();
        before_update(handle);
        return result;
      }
    };
    const auto step = [&] {
      if constexpr (scales_loss<Engine>() && !is_stand_in<Handle>) {
        return scaled_step(self().fabric().precision().scaler(), handle.optimizer(), closure,
                           [&] { before_update(handle); }, state.automatic_optimization,
                           self().messages());
      } else {
        return update(handle.optimizer(), wrapped);
      }
    };
    if constexpr (std::is_void_v<std::invoke_result_t<Closure&>>) {
      step();
      count_manual_step();
    } else {
      auto result = step();
      count_manual_step();
      return result;
    }
  }

  /// Clips the gradients of one optimizer; a missing or non-positive value clips nothing.
  template <class Handle>
  void clip_gradients(Handle& handle, std::optional<double> value,
                      std::optional<GradClipAlgorithm> algorithm) {
    if (value && *value > 0.0) {
      if constexpr (!is_stand_in<Handle>) {
        self().fabric().clip_gradients(handle.optimizer(), *value,
                                       algorithm.value_or(GradClipAlgorithm::norm));
      }
    }
  }

  // -- schedules ----------------------------------------------------------------------------------
  /// Moves the schedules of one interval that are due. `plateau`: those moved by a metric.
  void step_schedulers(ScheduleInterval interval, bool plateau) {
    RunState& state = self().state();
    if (!state.automatic_optimization || schedule_count() == 0) {
      return;
    }
    const std::int64_t index =
        1 + (interval == ScheduleInterval::step ? state.batch_idx() : state.current_epoch());
    for_each_schedule([&](std::size_t i, auto& schedule) {
      if (schedule.is_plateau() != plateau || schedule.options.interval != interval ||
          index % schedule.options.frequency != 0) {
        return;
      }
      std::optional<double> metric;
      if (plateau) {
        metric = monitored(schedule.options);
        if (!metric) {
          return;
        }
      }
      state.fit.schedulers.add_ready();
      optimizers_->visit(schedule.optimizer, [&](std::size_t, auto& optimizer) {
        ScheduleHandle handle(schedule, optimizer, i);
        self().template call_model<hook::lr_scheduler_step>(handle, metric);
      });
      state.fit.schedulers.add_completed();
    });
  }

  // -- manual optimization ------------------------------------------------------------------------
  template <class Batch>
  void manual_step(Batch& batch, std::int64_t batch_idx) {
    run_step(batch, batch_idx, 1);
  }

  void manual_backward(const Tensor& loss) {
    if (self().state().automatic_optimization) {
      throw ConfigError(
          "lt[E156] manual_backward was called under automatic optimization; expected a model with "
          "`static constexpr bool automatic_optimization = false`");
    }
    backward(loss);
  }

  template <std::size_t I>
  auto optimizer() {
    using O = typename Set::template optimizer_type<I>;
    O* found = nullptr;
    optimizers_->visit(I, [&]<class Q>(std::size_t, Q& optimizer) {
      if constexpr (std::same_as<Q, O>) {
        found = &optimizer;
      }
    });
    if (found == nullptr) {
      throw ConfigError(text("lt[E157] optimizer ", I, " was asked for, but there are ",
                             optimizer_count(), " optimizers"));
    }
    return OptimizerHandle<Engine, O>(self(), *found, I);
  }

  auto optimizer_handles() {
    if constexpr (Set::is_static) {
      return handles_of(std::make_index_sequence<Set::static_size>{});
    } else {
      std::vector<OptimizerHandle<Engine, typename Set::template optimizer_type<0>>> handles;
      optimizers_->for_each([&](std::size_t i, auto& optimizer) {
        handles.emplace_back(self(), optimizer, i);
      });
      return handles;
    }
  }

  auto schedule_handles() {
    if constexpr (Set::is_static) {
      return schedules_of(std::make_index_sequence<Set::static_schedules>{});
    } else {
      std::vector<ManualSchedule<typename Set::schedule_type, Set>> handles;
      optimizers_->for_each_schedule([&](std::size_t i, auto& schedule) {
        handles.emplace_back(schedule, *optimizers_, i);
      });
      return handles;
    }
  }

  /// Only the parameters of one optimizer keep `requires_grad`.
  template <class Handle>
  void toggle_optimizer(const Handle& handle) {
    toggled_.clear();
    for_each_optimizer([&](std::size_t, auto& optimizer) {
      for (Tensor& param : params_of(optimizer)) {
        if (remembered(param) == nullptr) {
          toggled_.emplace_back(param, param.requires_grad());
          param.set_requires_grad(false);
        }
      }
    });
    for (Tensor& param : params_of(handle.optimizer())) {
      param.set_requires_grad(remembered(param)->second);
    }
  }
  /// Gives the parameters of all other optimizers their `requires_grad` back.
  template <class Handle>
  void untoggle_optimizer(const Handle& handle) {
    for_each_optimizer([&](std::size_t i, auto& optimizer) {
      if (i == handle.index()) {
        return;
      }
      for (Tensor& param : params_of(optimizer)) {
        if (const auto* state = remembered(param)) {
          param.set_requires_grad(state->second);
        }
      }
    });
    toggled_.clear();
  }

  Output& output() { return output_; }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  template <class Handle>
  static constexpr bool is_stand_in =
      std::is_same_v<std::remove_cvref_t<decltype(std::declval<Handle&>().optimizer())>,
                     NoOptimizer>;

  // Asked where the engine is complete.
  template <class E>
  static constexpr bool scales_loss() {
    using Fabric = std::remove_cvref_t<decltype(std::declval<E&>().fabric())>;
    return LossScaling<typename Fabric::precision_type>;
  }
  template <std::size_t... I>
  static constexpr bool any_needs_closure(std::index_sequence<I...>) {
    return (needs_closure<typename Set::template optimizer_type<I>>() || ...);
  }

  template <class Batch>
  void run_step(Batch& batch, std::int64_t batch_idx, std::int64_t divisor) {
    output_.clear();
    self().fabric().strategy().before_forward(self().model());
    const auto guard = self().fabric().autocast();
    output_.set(self().template call_step<hook::training_step>(batch, batch_idx, 0),
                self().state().automatic_optimization, divisor);
  }

  template <class F>
  void with_optimizer(std::size_t index, F&& f) {
    if constexpr (Types::has_optimizers) {
      if (optimizer_count() > index) {
        optimizers_->visit(index, [&]<class O>(std::size_t i, O& optimizer) {
          f(OptimizerHandle<Engine, O>(self(), optimizer, i));
        });
        return;
      }
    }
    NoOptimizer none;
    f(OptimizerHandle<Engine, NoOptimizer>(self(), none, index));
  }

  template <class Handle>
  void before_update(Handle& handle) {
    self().template fire<hook::on_before_optimizer_step>(handle);
    if (self().state().automatic_optimization) {
      std::optional<double> value = self().options().gradient_clip_val;
      std::optional<GradClipAlgorithm> algorithm = self().options().gradient_clip_algorithm;
      self().template call_model<hook::configure_gradient_clipping>(handle, value, algorithm);
    }
  }

  template <class O, class Closure>
  static auto update(O& optimizer, const Closure& closure) {
    using Result = std::invoke_result_t<const Closure&>;
    if constexpr (std::is_same_v<O, NoOptimizer>) {
      const c10::AutoGradMode grad(true);
      return closure();
    } else if constexpr (requires { optimizer.step(closure); } &&
                         !requires { optimizer.O::step(nullptr); }) {
      if constexpr (std::is_void_v<Result> && requires { optimizer.step(); }) {
        closure();
        optimizer.step();
      } else {
        return optimizer.step(closure);
      }
    } else if constexpr (torch_requires_closure<O>) {
      return optimizer.O::step(closure);
    } else if constexpr (std::is_void_v<Result>) {
      run_with_grad(closure);
      optimizer.O::step(nullptr);  // LibTorch's step is virtual; its type is known here
    } else {
      auto result = run_with_grad(closure);
      optimizer.O::step(nullptr);
      return result;
    }
  }
  template <class Closure>
  static auto run_with_grad(const Closure& closure) {
    const c10::AutoGradMode grad(true);
    return closure();
  }

  void count_manual_step() {
    RunState& state = self().state();
    if (!state.automatic_optimization) {
      state.fit.manual_steps.add_completed();
    }
  }

  void check_automatic() {
    if (optimizer_count() > 1) {
      throw ConfigError(text("lt[E158] configure_optimizers returned ", optimizer_count(),
                             " optimizers; expected one under automatic optimization, or a model "
                             "with automatic_optimization = false"));
    }
    for_each_schedule([&](std::size_t, auto& schedule) {
      if (schedule.options.frequency < 1) {
        throw ConfigError(text("lt[E184] the schedule ", schedule.class_name(), " has frequency = ",
                               schedule.options.frequency, "; expected 1 or more"));
      }
      if (schedule.is_plateau() && schedule.options.monitor.empty()) {
        throw ConfigError(text("lt[E185] the schedule ", schedule.class_name(),
                               " has no monitor; expected the name of a logged metric in its "
                               "ScheduleOptions"));
      }
    });
  }

  void attach_schedules() {
    for_each_schedule([&](std::size_t, auto& schedule) {
      optimizers_->visit(schedule.optimizer, [&](std::size_t, auto& optimizer) {
        detail::with_rates(schedule, optimizer, [](auto& scheduler, auto& rates) {
          scheduler.attach(rates);
        });
      });
    });
  }

  std::optional<double> monitored(const ScheduleOptions& options) {
    const MetricTable& metrics = self().context().callback_metrics();
    const auto value = metrics.find(options.monitor);
    if (value) {
      return value;
    }
    const std::string what =
        text("a learning-rate schedule is moved by the metric \"", options.monitor,
             "\", which was not logged; found ", metrics.names());
    if (options.strict) {
      throw ConfigError(text("lt[E186] ", what, "; expected it among them, or strict = false"));
    }
    self().messages().warn("W026", what);
    return {};
  }

  template <std::size_t... I>
  auto handles_of(std::index_sequence<I...>) {
    return std::tuple(optimizer<I>()...);
  }
  template <std::size_t... I>
  auto schedules_of(std::index_sequence<I...>) {
    return std::tuple(ManualSchedule(optimizers_->template schedule<I>(), *optimizers_, I)...);
  }

  template <class O>
  std::vector<Tensor> params_of(O& optimizer) {
    std::vector<Tensor> params;
    optim::collect_params(optimizer, params);
    return params;
  }
  std::pair<Tensor, bool>* remembered(const Tensor& param) {
    for (auto& entry : toggled_) {
      if (entry.first.is_same(param)) {
        return &entry;
      }
    }
    return nullptr;
  }

  std::optional<Set> optimizers_;
  std::optional<AttachedSchedule<optim::SWALR>> replacement_;
  bool schedules_replaced_ = false;
  bool without_optimizer_ = false;
  Output output_;
  std::vector<std::pair<Tensor, bool>> toggled_;  // parameters and their requires_grad
};

}  // namespace lt
