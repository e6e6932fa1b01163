// SPDX-License-Identifier: Apache-2.0
// The error texts for hooks that are declared but cannot be called. Each text stands in a class
// template, so that a compiler gives it once for a class, however often the hook is dispatched.
#pragma once

#include "lt/core/hooks.hpp"

namespace lt::detail {

/// Instantiating it with `Callable == false` is the error "wrong signature" of a callback's hook.
template <class H, class Part, bool Callable>
struct CallbackSignature;

/// The same for a hook of a model or a data module.
template <class H, class Part, bool Callable>
struct ModelSignature;

/// The same for a step of the model that is given a batch of its loader.
template <class H, class Model, class Batch, bool Callable>
struct StepSignature;

#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE)                                        \
  template <class Part, bool Callable>                                                           \
  struct CallbackSignature<hook::NAME, Part, Callable> {                                         \
    static_assert(                                                                               \
        Callable,                                                                                \
        "lt[E101] the callback hook '" #NAME                                                     \
        "' is declared, but lt cannot call it; Fix: write it as a public member void " #NAME     \
        " that takes the context (auto& ctx or lt::RunView& run) and then: " ARGUMENTS);         \
  };                                                                                             \
  template <class Part, bool Callable>                                                           \
  struct ModelSignature<hook::NAME, Part, Callable> {                                            \
    static_assert(Callable, "lt[E106] the hook '" #NAME                                          \
                            "' is declared, but lt cannot call it; Fix: write it as a public "   \
                            "member " #NAME ARGUMENTS);                                          \
  };                                                                                             \
  template <class Model, class Batch, bool Callable>                                             \
  struct StepSignature<hook::NAME, Model, Batch, Callable> {                                     \
    static_assert(Callable, "lt[E112] " #NAME                                                    \
                            " cannot take the batches of its loader, which yields another type " \
                            "than it expects; Fix: write it as a public member " #NAME ARGUMENTS \
                            " with the batch type of the loader (lt::batch_of)");                \
  };
#include "lt/core/hooks.def"
#undef LT_HOOK

}  // namespace lt::detail
