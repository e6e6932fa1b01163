// SPDX-License-Identifier: Apache-2.0
// What a trainer derives from the types of its model and data: where the loaders come from, what
// they yield, and which optimizers are configured.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/trainer/batch_source.hpp"
#include "lt/trainer/handles.hpp"
#include "lt/trainer/optimizer_set.hpp"
#include "lt/trainer/step_output.hpp"

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// A place for what does not exist: a loader that nobody offers, optimizers that nobody configures.
struct Absent {};

namespace detail {

// -- loaders --------------------------------------------------------------------------------------

// What the loader hook H returns, from the data module or else from the model.
template <class H, class Model, class Data>
struct LoaderReturn {
  using type = Absent;
};
template <class H, class Model, class Data>
  requires declares<H, Data>
struct LoaderReturn<H, Model, Data> {
  using type = decltype(H::call(std::declval<Data&>()));
};
template <class H, class Model, class Data>
  requires(!declares<H, Data> && declares<H, Model>)
struct LoaderReturn<H, Model, Data> {
  using type = decltype(H::call(std::declval<Model&>()));
};

template <class T>
struct HeldLoader {
  using type = decltype(held_loader(std::declval<T>()));
};

// The source of training batches, and of evaluation batches, for what a hook returns.
template <class Return>
struct TrainSourceOf {
  using type = BatchStream<decltype(as_train_loader(
      std::declval<typename HeldLoader<Return>::type>()))>;
};
template <>
struct TrainSourceOf<Absent> {
  using type = Absent;
};
template <class Return>
struct EvalSourceOf {
  using type = typename EvalSource<typename HeldLoader<Return>::type>::type;
};
template <>
struct EvalSourceOf<Absent> {
  using type = Absent;
};
template <class Return>
struct PredictSourceOf {
  using type =
      typename EvalSource<decltype(held_predict_loader(std::declval<Return>()))>::type;
};
template <>
struct PredictSourceOf<Absent> {
  using type = Absent;
};

template <class Source>
struct BatchOfSource {
  using type = typename Source::batch_type;
};
template <>
struct BatchOfSource<Absent> {
  using type = Absent;
};

// -- optimizers -----------------------------------------------------------------------------------

template <class T>
struct WithoutOptional {
  using type = T;
};
template <class T>
struct WithoutOptional<std::optional<T>> {
  using type = T;
};

template <class Model>
struct ConfiguredOf {
  using type = Absent;
};
template <class Model>
  requires declares<hook::configure_optimizers, Model>
struct ConfiguredOf<Model> {
  using type = std::remove_cvref_t<decltype(hook::configure_optimizers::call(
      std::declval<Model&>()))>;
};

template <class Configured>
struct OptimizerSetOf {
  static_assert(ConfiguredOptimizers<Configured>,
                "lt[E183] configure_optimizers returns a type that is not understood; Fix: return an "
                "optimizer, lt::Optimizers<Optimizer, lt::Schedule<Scheduler>...>, a tuple or a "
                "vector of these, a pair of vectors, or std::optional of one of them");
  using type = decltype(make_optimizer_set(std::declval<Configured>()));
};
template <>
struct OptimizerSetOf<Absent> {
  using type = Absent;
};

// -- callbacks of the model -----------------------------------------------------------------------

template <class Model>
struct ModelPartsOf {
  using type = std::tuple<>;
};
template <class Model>
  requires declares<hook::configure_callbacks, Model>
struct ModelPartsOf<Model> {
  using type = std::remove_cvref_t<decltype(hook::configure_callbacks::call(
      std::declval<Model&>()))>;
};

}  // namespace detail

/// The types behind a trainer of `Model` on `Data`.
template <class Model, class Data>
struct TrainerTypes {
  using TrainReturn = typename detail::LoaderReturn<hook::train_dataloader, Model, Data>::type;
  using ValReturn = typename detail::LoaderReturn<hook::val_dataloader, Model, Data>::type;
  using TestReturn = typename detail::LoaderReturn<hook::test_dataloader, Model, Data>::type;
  using PredictReturn = typename detail::LoaderReturn<hook::predict_dataloader, Model, Data>::type;

  using TrainSource = typename detail::TrainSourceOf<TrainReturn>::type;
  using ValSource = typename detail::EvalSourceOf<ValReturn>::type;
  using TestSource = typename detail::EvalSourceOf<TestReturn>::type;
  using PredictSource = typename detail::PredictSourceOf<PredictReturn>::type;

  using TrainBatch = typename detail::BatchOfSource<TrainSource>::type;
  using ValBatch = typename detail::BatchOfSource<ValSource>::type;
  using TestBatch = typename detail::BatchOfSource<TestSource>::type;
  using PredictBatch = typename detail::BatchOfSource<PredictSource>::type;

  using ConfiguredReturn = typename detail::ConfiguredOf<Model>::type;
  using Configured = typename detail::WithoutOptional<ConfiguredReturn>::type;
  using OptimizerSet = typename detail::OptimizerSetOf<Configured>::type;
  using ModelParts = typename detail::ModelPartsOf<Model>::type;

  static constexpr bool has_train = !std::is_same_v<TrainSource, Absent>;
  static constexpr bool has_val = !std::is_same_v<ValSource, Absent>;
  static constexpr bool has_test = !std::is_same_v<TestSource, Absent>;
  static constexpr bool has_predict = !std::is_same_v<PredictSource, Absent>;
  static constexpr bool has_optimizers = !std::is_same_v<OptimizerSet, Absent>;
};

}  // namespace lt
