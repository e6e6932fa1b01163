// SPDX-License-Identifier: Apache-2.0
// LambdaCallback: a callback made of functions, one for each hook.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/policies/callback.hpp"

#include <concepts>
#include <utility>

namespace lt {

namespace detail {
template <class H, class F>
class OnHook;

// A class with one hook, which is the function `F`.
#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE)             \
  template <class F>                                                  \
  class OnHook<hook::NAME, F> {                                       \
   public:                                                            \
    explicit OnHook(F function) : function_(std::move(function)) {}   \
    template <class... Args>                                          \
      requires std::invocable<F&, Args...>                            \
    void NAME(Args&&... args) {                                       \
      function_(std::forward<Args>(args)...);                         \
    }                                                                 \
                                                                      \
   private:                                                           \
    F function_;                                                      \
  };
#include "lt/core/hooks.def"
#undef LT_HOOK
}  // namespace detail

/// One function of a LambdaCallback: `lt::on<lt::hook::on_train_end>([](lt::RunView& run) { ... })`.
/// It takes what a callback's hook of that name takes.
template <class H, class F>
auto on(F function) {
  static_assert(hook_info(H::id).received_by(Receivers::callback),
                "lt[E346] lt::on: callbacks do not have this hook; Fix: name one that they have (see "
                "core/hooks.def)");
  return detail::OnHook<H, F>(std::move(function));
}

/// A callback for a few lines:
///
///   lt::LambdaCallback{lt::on<lt::hook::on_train_start>([](lt::RunView&) { ... }),
///                      lt::on<lt::hook::on_train_end>([](lt::RunView&) { ... })}
///
/// A function with `auto` parameters that uses the model says its result, `-> void`: else the
/// compiler looks into it before the trainer is complete.
/// Source: Lightning, callbacks/lambda_function.py.
template <class... Ons>
class LambdaCallback : public Ons... {
 public:
  explicit LambdaCallback(Ons... ons) : Ons(std::move(ons))... {}
};

}  // namespace lt
