// SPDX-License-Identifier: Apache-2.0
// What a trainer asks of its types before anything is made of them: one mistake gives one error.
#pragma once

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/core/capture.hpp"
#include "lt/core/hook_checks.hpp"
#include "lt/core/loader.hpp"
#include "lt/core/mistake.hpp"
#include "lt/core/part_list.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/rules.hpp"
#include "lt/tensor.hpp"
#include "lt/trainer/engine.hpp"
#include "lt/trainer/types.hpp"

#include <tuple>
#include <type_traits>

namespace lt {

/// Takes any arguments and offers nothing: what a Trainer derives from after a mistake was reported,
/// so that the uses of the trainer add no errors of their own.
struct PermissiveTrainer {
  struct Anything {
    template <class T>
    operator T() const;  // NOLINT: it stands for everything
  };
  template <class... Args>
  explicit PermissiveTrainer(Args&&...) {}
  PermissiveTrainer(TrainerOptions, ...) {}  // NOLINT: options in braces

  template <class... Args>
  Anything fit(Args&&...);
  template <class... Args>
  Anything validate(Args&&...);
  template <class... Args>
  Anything test(Args&&...);
  template <class... Args>
  Anything predict(Args&&...);
  template <class Q>
  Q& get();
};

namespace detail {

template <class T>
using known_or_void = std::conditional_t<std::is_same_v<T, Absent>, void, T>;

/// What is known before any step was called.
template <class Model, class Data, class Engine>
struct StepTypes {
  using Types = TrainerTypes<Model, Data>;
  using Context = lt::Context<Engine>;
  using Checkpoint = lt::Checkpoint;
  using Tensor = lt::Tensor;
  using Device = lt::Device;
  using TrainBatch = known_or_void<typename Types::TrainBatch>;
  using ValBatch = known_or_void<typename Types::ValBatch>;
  using TestBatch = known_or_void<typename Types::TestBatch>;
  using PredictBatch = known_or_void<typename Types::PredictBatch>;
};

/// The same with what the steps return.
template <class Model, class Data, class Engine, class Output>
struct AllTypes : StepTypes<Model, Data, Engine> {
  using TrainOutputs = Output;
};

// A part of any role; the elements of a list one by one.
template <class Types, class P>
constexpr auto check_part(std::type_identity<P>) {
  if constexpr (role_of<P> == Role::callback) {
    return callback_check<P, Types>{};
  } else if constexpr (role_of<P> == Role::checkpoint_io || role_of<P> == Role::environment) {
    return Fine{};  // its `teardown()` is no hook
  } else {
    return part_check<P, Types>{};
  }
}
template <class Types, class... Elements>
constexpr auto check_part(std::type_identity<PartList<Elements...>>) {
  return first_mistake<Fine,
                       decltype(check_part<Types>(std::type_identity<Elements>{}))...>{};
}

// What a loader hook returns: nothing, a loader, or several of them in a tuple.
template <class L>
struct ReturnedLoader {
  using check = loader_check<L>;
};
template <>
struct ReturnedLoader<Absent> {
  using check = Fine;
};
template <class... Ls>
struct ReturnedLoader<std::tuple<Ls...>> {
  using check = first_mistake<Fine, loader_check<Ls>...>;
};
template <class H, class Model, class Data>
using returned_check =
    typename ReturnedLoader<std::remove_cvref_t<typename LoaderReturn<H, Model, Data>::type>>::check;

template <class Model, class Data, class Engine, class S, class A, class P, class... Ps>
constexpr auto check_members() {
  using Steps = StepTypes<Model, Data, Engine>;
  using ModelCheck = first_mistake<model_check<Model, Steps>, capture_check<Model, A>>;
  using DataCheck = data_check<Data, Steps>;
  if constexpr (!is_fine<ModelCheck>) {
    return ModelCheck{};
  } else if constexpr (!is_fine<DataCheck>) {
    return DataCheck{};
  } else {
    using Output = typename EngineTypes<Model, Data, S, A, P, Ps...>::Output;
    using Types = AllTypes<Model, Data, Engine, Output>;
    return first_mistake<Fine, decltype(check_part<Types>(std::type_identity<Ps>{}))...>{};
  }
}

template <class Model, class Data, class S, class A, class P, class... Ps>
constexpr auto check_trainer() {
  using Rules = rule_check<S, A, P, Ps...>;
  if constexpr (!is_fine<Rules>) {
    return Rules{};
  } else {
    using Engine = TrainerEngine<Model, Data, S, A, P, Ps...>;
    using LoaderCheck = first_mistake<returned_check<hook::train_dataloader, Model, Data>,
                                      returned_check<hook::val_dataloader, Model, Data>,
                                      returned_check<hook::test_dataloader, Model, Data>,
                                      returned_check<hook::predict_dataloader, Model, Data>>;
    if constexpr (!is_fine<LoaderCheck>) {
      return LoaderCheck{};
    } else {
      return check_members<Model, Data, Engine, S, A, P, Ps...>();
    }
  }
}

}  // namespace detail

}  // namespace lt
