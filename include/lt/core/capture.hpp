// SPDX-License-Identifier: Apache-2.0
// Steps that are captured once and done again by the device alone: which hooks are inside of them,
// and who may have such hooks.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/mistake.hpp"
#include "lt/core/type_list.hpp"

#include <concepts>
#include <type_traits>

namespace lt {

template <class... Ps>
class PartList;

/// True for an accelerator that captures the steps of automatic optimization.
template <class A>
inline constexpr bool captures_step = requires { requires A::captures_step; };

/// The hooks inside of a captured step: they are called while it is captured, and not when it is
/// done again. (training_step is inside, too, and needs no word: it is there to be captured.)
using captured_hooks =
    type_list<hook::on_before_zero_grad, hook::optimizer_zero_grad, hook::on_before_backward,
              hook::backward, hook::on_after_backward, hook::optimizer_step,
              hook::on_before_optimizer_step, hook::configure_gradient_clipping>;

namespace detail {
template <class H, class List>
inline constexpr bool in_list = false;
template <class H, class... Hs>
inline constexpr bool in_list<H, type_list<Hs...>> = (std::same_as<H, Hs> || ...);

/// What T says with `using capture_safe = lt::type_list<lt::hook::on_after_backward>;`
template <class T>
struct CaptureSafe {
  using type = type_list<>;
};
template <class T>
requires requires { typename T::capture_safe; }
struct CaptureSafe<T> {
  using type = typename T::capture_safe;
};

template <class T, class List>
inline constexpr bool all_capture_safe = true;
template <class T, class... Hs>
inline constexpr bool all_capture_safe<T, type_list<Hs...>> =
    ((!declares<Hs, T> || in_list<Hs, typename CaptureSafe<T>::type>) && ...);
}  // namespace detail

/// True for a class that declares no hook of a captured step but those that it calls safe: hooks
/// that give the device work and never look at the result.
template <class T>
inline constexpr bool is_capture_safe = detail::all_capture_safe<T, captured_hooks>;
template <class... Ps>
inline constexpr bool is_capture_safe<PartList<Ps...>> = (is_capture_safe<Ps> && ...);

/// An optimizer whose steps may be captured: they ask the host nothing.
template <class O>
inline constexpr bool is_capturable = requires { requires O::capturable; };

namespace detail {
template <class Model, bool Safe>
struct CaptureSafeModel {
  static_assert(
      Safe,
      "lt[E418] the model has a hook inside of the training step, which CudaGraphed "
      "captures once: it would not be called at each step, and must not read a tensor; Fix: "
      "if it only gives the device work, name it in the model, as `using capture_safe = "
      "lt::type_list<lt::hook::on_after_backward>;`, else take lt::accelerator::Cuda");
};
}  // namespace detail

/// Fine, or the mistake of a model with such hooks under an accelerator that captures. Error: E418.
template <class Model, class Accelerator>
using capture_check = check_that<!captures_step<Accelerator> || is_capture_safe<Model>,
                                 detail::CaptureSafeModel<Model, false>>;

}  // namespace lt
