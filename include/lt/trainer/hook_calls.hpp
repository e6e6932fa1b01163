// SPDX-License-Identifier: Apache-2.0
// The dispatch of hooks to callbacks, the model and the data module: resolved while compiling.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hook_dispatch.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/text.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/trainer/hook_scope.hpp"
#include "lt/trainer/module_modes.hpp"
#include "lt/trainer/part_set.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// What a hook does when the model does not declare it; an overriding hook may call it too.
namespace defaults {

template <class Model>
void on_validation_model_eval(Model& model) {
  set_training(model, false);
}
template <class Model>
void on_validation_model_train(Model& model) {
  set_training(model, true);
}
template <class Model>
void on_validation_model_zero_grad(Model& model) {
  if constexpr (requires { model.zero_grad(); }) {
    model.zero_grad();
  }
}
template <class Optimizer, class Closure>
void optimizer_step(Optimizer& optimizer, Closure& closure) {
  optimizer.step(closure);
}
template <class Optimizer>
void optimizer_zero_grad(Optimizer& optimizer) {
  optimizer.zero_grad();
}
template <class Schedule>
void lr_scheduler_step(Schedule& schedule, std::optional<double> metric) {
  schedule.step(metric);
}

}  // namespace defaults

namespace detail {

// Calls hook H on each callback of one group. A class instead of a lambda: g++ 12 crashes on
// requirements inside lambdas that capture packs.
template <class H, class Ctx, class... Args>
class CallbackCall {
 public:
  CallbackCall(CallbackGroup group, Ctx& ctx, Args&... args)
      : group_(group), ctx_(&ctx), args_(args...) {}

  template <class P>
  void operator()(P& part) const {
    if constexpr (declares<H, P> && role_of<P> == Role::callback) {
      if (in_group<P>(group_) && has_hook<H>(part)) {
        call(part, std::index_sequence_for<Args...>{});
      }
    }
  }

 private:
  template <class P, std::size_t... I>
  void call(P& part, std::index_sequence<I...>) const {
    [[maybe_unused]] const auto measured = ctx_->engine().template measure_callback<H>(part);
    invoke_callback_hook<H>(part, *ctx_, std::get<I>(args_)...);
  }

  CallbackGroup group_;
  Ctx* ctx_;
  std::tuple<Args&...> args_;
};

}  // namespace detail

/// Mixin of the trainer's engine: `fire`, `call_callbacks`, `call_model`, `call_data`.
template <class Engine>
class HookCalls {
 public:
  /// The callbacks of one group.
  template <class H, class... Args>
  void call_group(CallbackGroup group, Args&... args) {
    using Ctx = std::remove_reference_t<decltype(self().context())>;
    self().parts().for_each(
        detail::CallbackCall<H, Ctx, Args...>(group, self().context(), args...));
  }

  /// All callbacks, those that tune first, those that save checkpoints last.
  template <class H, class... Args>
  void call_callbacks(Args&&... args) {
    const HookScope scope(self().metrics(), H::id);
    if constexpr (std::remove_reference_t<decltype(self().parts())>::has_tuner) {
      call_group<H>(CallbackGroup::tuner, args...);
    }
    call_group<H>(CallbackGroup::not_checkpoint, args...);
    call_group<H>(CallbackGroup::checkpoint, args...);
  }

  /// The model's hook, or its default effect.
  template <class H, class... Args>
  decltype(auto) call_model(Args&&... args) {
    const HookScope scope(self().metrics(), H::id);
    [[maybe_unused]] const auto measured = self().template measure_model<H>();
    return dispatch_to_model<H>(args...);
  }

  /// Callbacks first, then the model.
  template <class H, class... Args>
  void fire(Args&&... args) {
    call_callbacks<H>(args...);
    call_model<H>(args...);
  }

  /// Callbacks that do not monitor a metric, the model, then those that do.
  void train_epoch_end() {
    using H = hook::on_train_epoch_end;
    {
      const HookScope scope(self().metrics(), H::id);
      call_group<H>(CallbackGroup::not_monitoring);
    }
    call_model<H>();
    self().metrics().share();  // what was logged here, before it is monitored
    const HookScope scope(self().metrics(), H::id);
    call_group<H>(CallbackGroup::monitor);
    call_group<H>(CallbackGroup::checkpoint);
  }

  template <class H>
  bool model_has() {
    return has_hook<H>(self().model());
  }
  template <class H>
  bool data_has() {
    return has_hook<H>(self().data());
  }

  /// A hook of the data module; nothing if it does not declare it.
  template <class H, class... Args>
  void call_data(Args&&... args) {
    using Data = std::remove_cvref_t<decltype(self().data())>;
    if constexpr (declares<H, Data>) {
      if (data_has<H>()) {
        const HookScope scope(self().metrics(), H::id);
        [[maybe_unused]] const auto measured = self().template measure_data<H>();
        invoke_model_hook<H>(self().data(), args...);
      }
    }
  }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  template <class H, class... Args>
  decltype(auto) dispatch_to_model(Args&... args) {
    auto& model = self().model();
    using Model = std::remove_reference_t<decltype(model)>;
    if constexpr (!declares<H, Model>) {
      return default_effect<H>(args...);
    } else if constexpr (requires { model.has_hook(H::id); }) {
      return dispatch_by_choice<H>(model, args...);
    } else {
      return invoke_with_context<H>(model, args...);
    }
  }

  // A model whose hooks are chosen at run time.
  template <class H, class Model, class... Args>
  auto dispatch_by_choice(Model& model, Args&... args) {
    using Result = decltype(invoke_with_context<H>(model, args...));
    if (has_hook<H>(model)) {
      return invoke_with_context<H>(model, args...);
    }
    if constexpr (std::is_void_v<Result>) {
      default_effect<H>(args...);
    } else if constexpr (std::is_default_constructible_v<Result>) {
      return Result();
    } else {
      // A tuple of callbacks, say; who calls such a hook asks `model_has` before.
      throw Error(text("the model's has_hook denies ", hook_info(H::id).name, ", which was called"));
    }
  }

  // Lightning's arguments, or these and the context.
  template <class H, class Model, class... Args>
  decltype(auto) invoke_with_context(Model& model, Args&... args) {
    using Ctx = std::remove_reference_t<decltype(self().context())>;
    if constexpr (!detail::hook_accepts<H, Model, Args&...>() &&
                  H::template callable<Model, Args&..., Ctx&>) {
      return H::call(model, args..., self().context());
    } else {
      return invoke_model_hook<H>(model, args...);
    }
  }

  template <class H, class... Args>
  void default_effect(Args&... args) {
    auto& model = self().model();
    if constexpr (std::same_as<H, hook::on_validation_model_eval> ||
                  std::same_as<H, hook::on_test_model_eval> ||
                  std::same_as<H, hook::on_predict_model_eval>) {
      defaults::on_validation_model_eval(model);
    } else if constexpr (std::same_as<H, hook::on_validation_model_zero_grad>) {
      defaults::on_validation_model_zero_grad(model);
    } else if constexpr (std::same_as<H, hook::backward>) {
      self().fabric().strategy().backward(args...);
    } else if constexpr (std::same_as<H, hook::optimizer_step>) {
      step_by_default(args...);
    } else if constexpr (std::same_as<H, hook::optimizer_zero_grad>) {
      zero_grad_by_default(args...);
    } else if constexpr (std::same_as<H, hook::configure_gradient_clipping>) {
      self().clip_gradients(args...);
    } else if constexpr (std::same_as<H, hook::lr_scheduler_step>) {
      defaults::lr_scheduler_step(args...);
    }
  }
  template <class Optimizer, class Closure>
  static void step_by_default(std::int64_t&, std::int64_t&, Optimizer& optimizer, Closure& closure) {
    defaults::optimizer_step(optimizer, closure);
  }
  template <class Optimizer>
  static void zero_grad_by_default(std::int64_t&, std::int64_t&, Optimizer& optimizer) {
    defaults::optimizer_zero_grad(optimizer);
  }
};

}  // namespace lt
