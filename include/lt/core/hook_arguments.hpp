// SPDX-License-Identifier: Apache-2.0
// The argument types of each hook, for the checks of its signature.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/trainer_options.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>

namespace lt {

/// Stands for a type that the trainer has not given (see HookTypes); hooks that need it are not
/// checked beyond their names.
struct Unspecified {};

/// A list of argument types as they are passed: `T&` is an object that the hook may change, `T` a
/// value that it may keep.
template <class... Ts>
struct Arguments {};

/// What the trainer tells the checks about its types: a struct with any of these members. What is
/// left out, or `void`, is Unspecified.
///
///   Context      what callbacks get first             Checkpoint   of on_save/load_checkpoint
///   Tensor       the loss                             Device       where batches are moved
///   Optimizer    of the optimizer hooks               Closure      of optimizer_step
///   Scheduler    of lr_scheduler_step
///   TrainBatch, ValBatch, TestBatch, PredictBatch          what the loaders yield
///   TrainOutputs, ValOutputs, TestOutputs, PredictOutputs  what the steps return
///
/// Loaders that yield several types: call the check once for each, with a struct that derives from
/// the first and names another type.
#define LT_DETAIL_HOOK_TYPE(NAME)                                               \
  template <class Types>                                                        \
  struct Find##NAME {                                                           \
    using type = Unspecified;                                                   \
  };                                                                            \
  template <class Types>                                                        \
  requires requires { typename Types::NAME; }                                   \
  struct Find##NAME<Types> {                                                    \
    using Given = typename Types::NAME;                                         \
    using type = std::conditional_t<std::is_void_v<Given>, Unspecified, Given>; \
  };                                                                            \
  template <class Types>                                                        \
  using NAME = typename Find##NAME<Types>::type;

namespace hook_type {
LT_DETAIL_HOOK_TYPE(Context)
LT_DETAIL_HOOK_TYPE(Checkpoint)
LT_DETAIL_HOOK_TYPE(Tensor)
LT_DETAIL_HOOK_TYPE(Device)
LT_DETAIL_HOOK_TYPE(Optimizer)
LT_DETAIL_HOOK_TYPE(Closure)
LT_DETAIL_HOOK_TYPE(Scheduler)
LT_DETAIL_HOOK_TYPE(TrainBatch)
LT_DETAIL_HOOK_TYPE(ValBatch)
LT_DETAIL_HOOK_TYPE(TestBatch)
LT_DETAIL_HOOK_TYPE(PredictBatch)
LT_DETAIL_HOOK_TYPE(TrainOutputs)
LT_DETAIL_HOOK_TYPE(ValOutputs)
LT_DETAIL_HOOK_TYPE(TestOutputs)
LT_DETAIL_HOOK_TYPE(PredictOutputs)
}  // namespace hook_type
#undef LT_DETAIL_HOOK_TYPE

/// `hook_arguments<H, Types>` is the Arguments of hook `H`, without the context. The primary
/// template is for hooks without arguments.
template <class H, class Types>
struct HookArguments {
  static_assert(hook_info(H::id).arguments == "()", "give HookArguments for this hook");
  using type = Arguments<>;
};
template <class H, class Types>
using hook_arguments = typename HookArguments<H, Types>::type;

// One row for each hook with arguments; beside it stands the text in hooks.def.
#define LT_DETAIL_ARGUMENTS(NAME, ...)   \
  template <class T>                     \
  struct HookArguments<hook::NAME, T> {  \
    using type = Arguments<__VA_ARGS__>; \
  };

LT_DETAIL_ARGUMENTS(setup, RunFn)
LT_DETAIL_ARGUMENTS(teardown, RunFn)
LT_DETAIL_ARGUMENTS(on_exception, const std::exception&)

LT_DETAIL_ARGUMENTS(on_before_batch_transfer, hook_type::TrainBatch<T>, std::int64_t)
LT_DETAIL_ARGUMENTS(transfer_batch_to_device, hook_type::TrainBatch<T>, hook_type::Device<T>,
                    std::int64_t)
LT_DETAIL_ARGUMENTS(on_after_batch_transfer, hook_type::TrainBatch<T>, std::int64_t)

LT_DETAIL_ARGUMENTS(training_step, const hook_type::TrainBatch<T>&, std::int64_t)
LT_DETAIL_ARGUMENTS(validation_step, const hook_type::ValBatch<T>&, std::int64_t)
LT_DETAIL_ARGUMENTS(test_step, const hook_type::TestBatch<T>&, std::int64_t)
LT_DETAIL_ARGUMENTS(predict_step, const hook_type::PredictBatch<T>&, std::int64_t)

LT_DETAIL_ARGUMENTS(optimizer_step, std::int64_t, std::int64_t, hook_type::Optimizer<T>&,
                    hook_type::Closure<T>&)
LT_DETAIL_ARGUMENTS(on_before_zero_grad, hook_type::Optimizer<T>&)
LT_DETAIL_ARGUMENTS(optimizer_zero_grad, std::int64_t, std::int64_t, hook_type::Optimizer<T>&)
LT_DETAIL_ARGUMENTS(on_before_backward, const hook_type::Tensor<T>&)
LT_DETAIL_ARGUMENTS(backward, const hook_type::Tensor<T>&)
LT_DETAIL_ARGUMENTS(on_before_optimizer_step, hook_type::Optimizer<T>&)
LT_DETAIL_ARGUMENTS(configure_gradient_clipping, hook_type::Optimizer<T>&, std::optional<double>,
                    std::optional<GradClipAlgorithm>)
LT_DETAIL_ARGUMENTS(lr_scheduler_step, hook_type::Scheduler<T>&, std::optional<double>)

LT_DETAIL_ARGUMENTS(on_train_batch_start, const hook_type::TrainBatch<T>&, std::int64_t)
LT_DETAIL_ARGUMENTS(on_train_batch_end, const hook_type::TrainOutputs<T>&,
                    const hook_type::TrainBatch<T>&, std::int64_t)
LT_DETAIL_ARGUMENTS(on_validation_batch_start, const hook_type::ValBatch<T>&, std::int64_t,
                    std::int64_t)
LT_DETAIL_ARGUMENTS(on_validation_batch_end, const hook_type::ValOutputs<T>&,
                    const hook_type::ValBatch<T>&, std::int64_t, std::int64_t)
LT_DETAIL_ARGUMENTS(on_test_batch_start, const hook_type::TestBatch<T>&, std::int64_t, std::int64_t)
LT_DETAIL_ARGUMENTS(on_test_batch_end, const hook_type::TestOutputs<T>&,
                    const hook_type::TestBatch<T>&, std::int64_t, std::int64_t)
LT_DETAIL_ARGUMENTS(on_predict_batch_start, const hook_type::PredictBatch<T>&, std::int64_t,
                    std::int64_t)
LT_DETAIL_ARGUMENTS(on_predict_batch_end, const hook_type::PredictOutputs<T>&,
                    const hook_type::PredictBatch<T>&, std::int64_t, std::int64_t)

LT_DETAIL_ARGUMENTS(on_save_checkpoint, hook_type::Checkpoint<T>&)
LT_DETAIL_ARGUMENTS(on_load_checkpoint, hook_type::Checkpoint<T>&)
#undef LT_DETAIL_ARGUMENTS

}  // namespace lt
