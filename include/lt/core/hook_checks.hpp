// SPDX-License-Identifier: Apache-2.0
// Checks of the classes that receive hooks: a wrong one does not compile, and the first error line
// says what to do.
//
//   struct Types {                                  // see core/hook_arguments.hpp
//     using Context = lt::RunView;
//     using TrainBatch = lt::batch_of<TrainLoader>;
//     using TrainOutputs = at::Tensor;
//   };
//   lt::report<lt::callback_check<Callback, Types>>();          // a part of role `callback`
//   lt::report<lt::model_check_for_fit<Model, Types>>();
//   if constexpr (lt::is_fine<lt::data_check<Data, Types>>) ... // the same, without an error
//
// A check is a type: `lt::Fine`, or the first mistake that was found (core/mistake.hpp).
#pragma once

#include "lt/core/hook_arguments.hpp"
#include "lt/core/hook_dispatch.hpp"
#include "lt/core/mistake.hpp"

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace lt {

namespace detail {

// -- names ----------------------------------------------------------------------------------------

// All near misses as members of one class: a class derived from it and from T cannot name those
// that T has too. (The same probe as in hooks.hpp, with one class for all names.)
struct NearMisses {
#define LT_NEAR_MISS(wrong, right) int wrong;
#define LT_OTHER_NAME(wrong, right) int wrong;
#include "lt/core/hook_near_misses.def"
#undef LT_NEAR_MISS
#undef LT_OTHER_NAME
};

template <class T>
struct NearMissProbe : T, NearMisses {};

template <class T>
constexpr bool has_near_miss() {
#define LT_NEAR_MISS(wrong, right)                         \
  if constexpr (!requires { &NearMissProbe<T>::wrong; }) { \
    return true;                                           \
  }
#define LT_OTHER_NAME(wrong, right)                        \
  if constexpr (!requires { &NearMissProbe<T>::wrong; }) { \
    if (!declares<hook::right, T>) {                       \
      return true;                                         \
    }                                                      \
  }
#include "lt/core/hook_near_misses.def"
#undef LT_NEAR_MISS
#undef LT_OTHER_NAME
  return false;
}

// Gives the errors; instantiated only where there are some.
template <class T>
struct HookNames {
#define LT_NEAR_MISS(wrong, right)            \
  static_assert(                              \
      requires { &NearMissProbe<T>::wrong; }, \
      "lt[E102] '" #wrong "' is not a hook; did you mean '" #right "'?");
#define LT_OTHER_NAME(wrong, right)                                       \
  static_assert(                                                          \
      requires { &NearMissProbe<T>::wrong; } || declares<hook::right, T>, \
      "lt[E102] '" #wrong "' is not a hook; did you mean '" #right "'?");
#include "lt/core/hook_near_misses.def"
#undef LT_NEAR_MISS
#undef LT_OTHER_NAME
};

template <class T>
struct FinalClass {
  static_assert(!std::is_final_v<T>,
                "lt[E103] a final class cannot be searched for hooks; Fix: remove 'final' from it");
};

template <class T>
constexpr auto check_names() {
  if constexpr (std::is_final_v<T>) {
    return Mistake<FinalClass<T>>{};
  } else if constexpr (has_near_miss<T>()) {
    return Mistake<HookNames<T>>{};
  } else {
    return Fine{};
  }
}

// -- receivers ------------------------------------------------------------------------------------

template <class H, class T, bool Received>
struct Receives;
template <class H, class T, bool Declared>
struct Requires;

#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE)                                       \
  template <class T, bool Received>                                                             \
  struct Receives<hook::NAME, T, Received> {                                                    \
    static_assert(Received,                                                                     \
                  "lt[E105] the hook '" #NAME                                                   \
                  "' is declared by a class that does not get it, so it would never run; Fix: " \
                  "move it to a class that does (" #WHO "), or rename it");                     \
  };                                                                                            \
  template <class T, bool Declared>                                                             \
  struct Requires<hook::NAME, T, Declared> {                                                    \
    static_assert(Declared, "lt[E114] the model has no " #NAME                                  \
                            ", which this call needs; Fix: add the member " #NAME ARGUMENTS);   \
  };
#include "lt/core/hooks.def"
#undef LT_HOOK

template <class M, bool Declared>
struct TrainingStep {
  static_assert(Declared,
                "lt[E110] the model has no training_step, which fit needs; Fix: add a member "
                "training_step(const Batch& batch, std::int64_t batch_idx) that returns the loss");
};
template <class M, bool Declared>
struct ConfigureOptimizers {
  static_assert(Declared,
                "lt[E111] the model has no configure_optimizers, which fit needs; Fix: add a "
                "member configure_optimizers() that returns an optimizer, for example "
                "lt::optim::AdamW(parameters(), {.lr = 1e-3})");
};

template <class P, bool Declared>
struct SomeHook {
  static_assert(Declared,
                "lt[E104] the callback declares no hook at all, so it would do nothing; Fix: give "
                "it a hook of lt/core/hooks.def, or, if it is no callback, its family, as in "
                "using policy_family = lt::logger_tag");
};

// -- narrow indices -------------------------------------------------------------------------------

// An argument that becomes a std::int64_t and nothing else, and one that becomes any number. A hook
// that takes the second but not the first has a narrower, an unsigned or a floating parameter.
struct ExactIndex {
  template <std::same_as<std::int64_t> T>
  operator T() const;  // NOLINT: conversion is its purpose
};
struct AnyIndex {
  template <class T>
  requires std::is_arithmetic_v<T>
  operator T() const;  // NOLINT
};

template <class H, class T, bool Wide>
struct WideIndices;
#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE)                               \
  template <class T, bool Wide>                                                         \
  struct WideIndices<hook::NAME, T, Wide> {                                             \
    static_assert(Wide, "lt[E113] " #NAME                                               \
                        " takes an index as another type than std::int64_t, which "     \
                        "narrows it; Fix: write std::int64_t, as in " #NAME ARGUMENTS); \
  };
#include "lt/core/hooks.def"
#undef LT_HOOK

template <class Argument, class Index>
using with_index = std::conditional_t<std::same_as<Argument, std::int64_t>, Index, Argument>;

template <class T>
inline constexpr bool is_unspecified = std::same_as<std::remove_cvref_t<T>, Unspecified>;

// -- signatures -----------------------------------------------------------------------------------

// A callback gets the context first; a model may take it last.
template <class H, class T, Receivers Who, class Ctx, class... Args>
constexpr bool accepts() {
  if constexpr (Who == Receivers::callback) {
    return hook_accepts<H, T, Ctx&, Args...>();
  } else {
    return hook_accepts<H, T, Args...>() || H::template callable<T, Args..., Ctx&>;
  }
}

template <class H, class T, Receivers Who, class Ctx, class... Args>
constexpr auto check_signature(Arguments<Args...>) {
  using Wrong = std::conditional_t<Who == Receivers::callback, CallbackSignature<H, T, false>,
                                   ModelSignature<H, T, false>>;
  if constexpr ((is_unspecified<Args> || ...) ||
                (Who == Receivers::callback && is_unspecified<Ctx>)) {
    return Fine{};
  } else if constexpr (!accepts<H, T, Who, Ctx, Args...>()) {
    return Mistake<Wrong>{};
  } else if constexpr (!accepts<H, T, Who, Ctx, with_index<Args, ExactIndex>...>() &&
                       accepts<H, T, Who, Ctx, with_index<Args, AnyIndex>...>()) {
    return Mistake<WideIndices<H, T, false>>{};
  } else {
    return Fine{};
  }
}

template <class H, class M, class Ctx, class Batch>
constexpr auto check_step() {
  if constexpr (is_unspecified<Batch>) {
    return Fine{};
  } else {
    constexpr StepForm form = step_form<H, M, Ctx, const Batch>;  // loops hand out const batches
    if constexpr (form == StepForm::none) {
      return Mistake<StepSignature<H, M, Batch, false>>{};
    } else if constexpr (!step_accepts<H, form, M, Ctx, const Batch, ExactIndex>() &&
                         step_accepts<H, form, M, Ctx, const Batch, AnyIndex>()) {
      return Mistake<WideIndices<H, M, false>>{};
    } else {
      return Fine{};
    }
  }
}

// The hooks around the transfer get the batches of all loaders.
template <class Types, class Batch>
struct TransferTypes : Types {
  using TrainBatch = Batch;
};

template <class H, class T, Receivers Who, class Types, class... Batches>
constexpr auto check_transfer(Arguments<Batches...>) {
  return first_mistake<decltype(check_signature<H, T, Who, hook_type::Context<Types>>(
      hook_arguments<H, TransferTypes<Types, Batches>>{}))...>{};
}

template <class Types>
using all_batches = Arguments<hook_type::TrainBatch<Types>, hook_type::ValBatch<Types>,
                              hook_type::TestBatch<Types>, hook_type::PredictBatch<Types>>;

template <class H>
inline constexpr bool is_transfer = std::same_as<H, hook::on_before_batch_transfer> ||
                                    std::same_as<H, hook::transfer_batch_to_device> ||
                                    std::same_as<H, hook::on_after_batch_transfer>;

template <class H, class T, Receivers Who, class Types>
constexpr auto check_hook() {
  using Ctx = hook_type::Context<Types>;
  if constexpr (!declares<H, T>) {
    return Fine{};
  } else if constexpr (!hook_info(H::id).received_by(Who)) {
    return Mistake<Receives<H, T, false>>{};
  } else if constexpr (is_transfer<H>) {
    return check_transfer<H, T, Who, Types>(all_batches<Types>{});
  } else if constexpr (std::same_as<H, hook::training_step>) {
    return check_step<H, T, Ctx, hook_type::TrainBatch<Types>>();
  } else if constexpr (std::same_as<H, hook::validation_step>) {
    return check_step<H, T, Ctx, hook_type::ValBatch<Types>>();
  } else if constexpr (std::same_as<H, hook::test_step>) {
    return check_step<H, T, Ctx, hook_type::TestBatch<Types>>();
  } else if constexpr (std::same_as<H, hook::predict_step>) {
    return check_step<H, T, Ctx, hook_type::PredictBatch<Types>>();
  } else {
    return check_signature<H, T, Who, Ctx>(hook_arguments<H, Types>{});
  }
}

template <class T, Receivers Who, class Types, class... Hooks>
constexpr auto check_hooks(Arguments<Unspecified, Hooks...>) {
  return first_mistake<decltype(check_hook<Hooks, T, Who, Types>())...>{};
}

template <class T, class... Hooks>
constexpr bool declares_any(Arguments<Unspecified, Hooks...>) {
  return (declares<Hooks, T> || ...);
}

#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE) , hook::NAME
using AllHooks = Arguments<Unspecified
#include "lt/core/hooks.def"
                           >;
#undef LT_HOOK

template <class T, Receivers Who, class Types>
constexpr auto check_class() {
  if constexpr (!is_fine<decltype(check_names<T>())>) {
    return check_names<T>();
  } else {
    return check_hooks<T, Who, Types>(AllHooks{});
  }
}

template <class P, class Types>
constexpr auto check_callback() {
  if constexpr (!is_fine<decltype(check_names<P>())>) {
    return check_names<P>();
  } else if constexpr (!declares_any<P>(AllHooks{}) &&
                       !requires(const P& part) { part.state_dict(); }) {
    return Mistake<SomeHook<P, false>>{};
  } else {
    return check_hooks<P, Receivers::callback, Types>(AllHooks{});
  }
}

}  // namespace detail

/// No member of `T` is a near miss of a hook's name. Errors: E102, and E103 for a final class.
template <class T>
using name_check = decltype(detail::check_names<T>());

/// A part of role `callback`: names, receivers and signatures of its hooks, and that it has one.
/// Errors: E101 to E105, E113.
template <class P, class Types>
using callback_check = decltype(detail::check_callback<P, Types>());

/// A part of another role (a logger, a profiler): it may have hooks of callbacks, but need not.
template <class P, class Types>
using part_check = decltype(detail::check_class<P, Receivers::callback, Types>());

/// A model. Errors: E102, E103, E105, E106, E112, E113.
template <class M, class Types>
using model_check = decltype(detail::check_class<M, Receivers::model, Types>());

/// A data module. Errors as for a model.
template <class D, class Types>
using data_check = decltype(detail::check_class<D, Receivers::data, Types>());

/// `M` has the hook, for example the step of `validate`, `test` or `predict`. Error: E114.
template <class M, class H>
using required_check = check_that<declares<H, M>, detail::Requires<H, M, false>>;

/// A model that can be trained. Errors: those of model_check, E110, E111.
template <class M, class Types>
using model_check_for_fit = first_mistake<
    model_check<M, Types>,
    check_that<declares<hook::training_step, M>, detail::TrainingStep<M, false>>,
    check_that<declares<hook::configure_optimizers, M>, detail::ConfigureOptimizers<M, false>>>;

}  // namespace lt
