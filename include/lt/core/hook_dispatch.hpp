// SPDX-License-Identifier: Apache-2.0
// The calls of hooks: each picks the form in which the hook was declared, at compile time.
//
//   lt::invoke_callback_hook<lt::hook::on_train_batch_start>(callback, ctx, batch, batch_idx);
//   lt::invoke_model_hook<lt::hook::on_train_batch_start>(model, batch, batch_idx);
//   lt::invoke_step<lt::hook::training_step>(model, ctx, batch, batch_idx, dataloader_idx);
//
// They return what the hook returns. The caller has asked `declares<H, T>` before; a hook that can
// be called in no form is a compile error. These are named function templates, since g++ 12 crashes
// at a requirement inside a lambda that captures a pack.
#pragma once

#include "lt/core/hook_signature.hpp"
#include "lt/core/hooks.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace lt {

/// True for the batch hooks of validation, test and prediction: their last argument,
/// `dataloader_idx`, may be left out.
template <class H>
inline constexpr bool loader_is_optional =
    hook_info(H::id).arguments.ends_with("std::int64_t batch_idx, std::int64_t dataloader_idx)");

/// The forms in which a step may be declared, each with the context as one more argument or not.
enum class StepForm : std::uint8_t {
  batch_index_loader_context,
  batch_index_loader,
  batch_index_context,
  batch_index,
  batch_context,
  batch,
  none
};

namespace detail {

// -- hooks ----------------------------------------------------------------------------------------

// The hook without the last of 3 (batch), 4 (outputs, batch or context, batch) or 5 arguments.
template <class H, class P, class A, class B, class L>
constexpr bool callable_without_loader(std::type_identity<P>, std::type_identity<A>,
                                       std::type_identity<B>, std::type_identity<L>) {
  return H::template callable<P, A, B>;
}
template <class H, class P, class A, class B, class C, class L>
constexpr bool callable_without_loader(std::type_identity<P>, std::type_identity<A>,
                                       std::type_identity<B>, std::type_identity<C>,
                                       std::type_identity<L>) {
  return H::template callable<P, A, B, C>;
}
template <class H, class P, class A, class B, class C, class D, class L>
constexpr bool callable_without_loader(std::type_identity<P>, std::type_identity<A>,
                                       std::type_identity<B>, std::type_identity<C>,
                                       std::type_identity<D>, std::type_identity<L>) {
  return H::template callable<P, A, B, C, D>;
}

/// Whether `H` of `Part` can be called with these arguments, or without `dataloader_idx` where that
/// is optional.
template <class H, class Part, class... Args>
constexpr bool hook_accepts() {
  if constexpr (H::template callable<Part, Args...>) {
    return true;
  } else if constexpr (loader_is_optional<H> && sizeof...(Args) >= 3) {
    return callable_without_loader<H>(std::type_identity<Part>{}, std::type_identity<Args>{}...);
  } else {
    return false;
  }
}

template <class H, class P, class A, class B, class L>
constexpr decltype(auto) call_without_loader(P& part, A&& a, B&& b, L&&) {
  return H::call(part, static_cast<A&&>(a), static_cast<B&&>(b));
}
template <class H, class P, class A, class B, class C, class L>
constexpr decltype(auto) call_without_loader(P& part, A&& a, B&& b, C&& c, L&&) {
  return H::call(part, static_cast<A&&>(a), static_cast<B&&>(b), static_cast<C&&>(c));
}
template <class H, class P, class A, class B, class C, class D, class L>
constexpr decltype(auto) call_without_loader(P& part, A&& a, B&& b, C&& c, D&& d, L&&) {
  return H::call(part, static_cast<A&&>(a), static_cast<B&&>(b), static_cast<C&&>(c),
                 static_cast<D&&>(d));
}

// Only called where hook_accepts is true.
template <class H, class Part, class... Args>
constexpr decltype(auto) call_hook(Part& part, Args&&... args) {
  if constexpr (H::template callable<Part, Args...>) {
    return H::call(part, static_cast<Args&&>(args)...);
  } else {
    return call_without_loader<H>(part, static_cast<Args&&>(args)...);
  }
}

// -- steps ----------------------------------------------------------------------------------------

/// Whether step `H` can be called in form `Form`; `Index` stands for the two indices.
template <class H, StepForm Form, class Model, class Ctx, class Batch, class Index = std::int64_t>
constexpr bool step_accepts() {
  if constexpr (Form == StepForm::batch_index_loader_context) {
    return H::template callable<Model, Batch&, Index, Index, Ctx&>;
  } else if constexpr (Form == StepForm::batch_index_loader) {
    return H::template callable<Model, Batch&, Index, Index>;
  } else if constexpr (Form == StepForm::batch_index_context) {
    return H::template callable<Model, Batch&, Index, Ctx&>;
  } else if constexpr (Form == StepForm::batch_index) {
    return H::template callable<Model, Batch&, Index>;
  } else if constexpr (Form == StepForm::batch_context) {
    return H::template callable<Model, Batch&, Ctx&>;
  } else {
    return H::template callable<Model, Batch&>;
  }
}

template <class H, class Model, class Ctx, class Batch>
constexpr StepForm find_step_form() {
  using enum StepForm;
  if constexpr (step_accepts<H, batch_index_loader_context, Model, Ctx, Batch>()) {
    return batch_index_loader_context;
  } else if constexpr (step_accepts<H, batch_index_loader, Model, Ctx, Batch>()) {
    return batch_index_loader;
  } else if constexpr (step_accepts<H, batch_index_context, Model, Ctx, Batch>()) {
    return batch_index_context;
  } else if constexpr (step_accepts<H, batch_index, Model, Ctx, Batch>()) {
    return batch_index;
  } else if constexpr (step_accepts<H, batch_context, Model, Ctx, Batch>()) {
    return batch_context;
  } else if constexpr (step_accepts<H, batch, Model, Ctx, Batch>()) {
    return batch;
  } else {
    return none;
  }
}

}  // namespace detail

/// The form in which `Model` declares step `H`: the longest that can be called. A last argument
/// `auto&` is the context, `auto` or `std::int64_t` an index.
template <class H, class Model, class Ctx, class Batch>
inline constexpr StepForm step_form = detail::find_step_form<H, Model, Ctx, Batch>();

/// Calls hook `H` of a callback with (ctx, args...).
template <class H, class Part, class Ctx, class... Args>
constexpr decltype(auto) invoke_callback_hook(Part& part, Ctx& ctx, Args&&... args) {
  if constexpr (detail::hook_accepts<H, Part, Ctx&, Args...>()) {
    return detail::call_hook<H>(part, ctx, static_cast<Args&&>(args)...);
  } else {
    (void)sizeof(detail::CallbackSignature<H, Part, false>);
  }
}

/// Calls hook `H` of a model or data module with (args...).
template <class H, class Model, class... Args>
constexpr decltype(auto) invoke_model_hook(Model& model, Args&&... args) {
  if constexpr (detail::hook_accepts<H, Model, Args...>()) {
    return detail::call_hook<H>(model, static_cast<Args&&>(args)...);
  } else {
    (void)sizeof(detail::ModelSignature<H, Model, false>);
  }
}

/// Calls step `H` of a model in the form in which it is declared.
template <class H, class Model, class Ctx, class Batch>
constexpr decltype(auto) invoke_step(Model& model, Ctx& ctx, Batch& batch, std::int64_t batch_idx,
                                     std::int64_t dataloader_idx) {
  constexpr StepForm form = step_form<H, Model, Ctx, Batch>;
  // The casts make the indices temporaries, which `auto& ctx` does not take.
  using I = std::int64_t;
  if constexpr (form == StepForm::batch_index_loader_context) {
    return H::call(model, batch, I(batch_idx), I(dataloader_idx), ctx);
  } else if constexpr (form == StepForm::batch_index_loader) {
    return H::call(model, batch, I(batch_idx), I(dataloader_idx));
  } else if constexpr (form == StepForm::batch_index_context) {
    return H::call(model, batch, I(batch_idx), ctx);
  } else if constexpr (form == StepForm::batch_index) {
    return H::call(model, batch, I(batch_idx));
  } else if constexpr (form == StepForm::batch_context) {
    return H::call(model, batch, ctx);
  } else if constexpr (form == StepForm::batch) {
    return H::call(model, batch);
  } else {
    (void)sizeof(detail::StepSignature<H, Model, Batch, false>);
  }
}

}  // namespace lt
