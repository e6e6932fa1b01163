// SPDX-License-Identifier: Apache-2.0
// Trainers whose callbacks and loggers all stand in their type: no PartList. Used by what
// generate_static.py writes.
#pragma once

#include "run_case.hpp"

#include <cstddef>
#include <type_traits>

namespace conformance {

/// One more part of type `P` in a trainer: its parts have different types.
template <class P, int I>
class Again : public P {
 public:
  using Made = P;
  explicit Again(P&& part) : P(std::move(part)) {}
};

template <class P, int I>
const P& as_made(const Again<P, I>& part) {
  return part;
}

/// The callback of type `P` that `spec` describes.
template <class P>
P make_part(const Json& spec, const std::string& on, Recorder& recorder, const Json& actions) {
  if constexpr (requires { typename P::Made; }) {
    return P(make_part<typename P::Made>(spec, on, recorder, actions));
  } else {
    Parts made;
    add_callback(made, spec, on, recorder, actions);
    P* found = nullptr;
    made.for_each([&]<class Q>(Q& part) {
      if constexpr (std::is_same_v<P, Q>) {
        found = &part;
      }
    });
    return std::move(*found);
  }
}

/// The callbacks that `specs` describes, in a tuple.
template <class... Ps, std::size_t... I>
std::tuple<Ps...> make_parts(std::type_identity<std::tuple<Ps...>>, std::index_sequence<I...>,
                             const Json& specs, const std::string& prefix, Recorder& recorder,
                             const Json& actions, std::vector<Label>& labels) {
  (labels.push_back({prefix + std::to_string(I)}), ...);
  // In braces: from left to right, as the errors come.
  return std::tuple<Ps...>{
      make_part<Ps>(specs[I], prefix + std::to_string(I), recorder, actions)...};
}

/// A tuple of `Count` loggers: RecordingLogger, Again<RecordingLogger, 1>, ...
template <std::size_t I>
using LoggerAt = std::conditional_t<I == 0, RecordingLogger, Again<RecordingLogger, int{I}>>;

template <class User, class OfModel, class Loggers, class Precision = lt::precision::F32>
struct StaticKit;

/// `Ps`: the callbacks of the trainer. `Ms`: those of the model. `L`: 0, 1, ... for each logger.
template <class... Ps, class... Ms, std::size_t... L, class Precision>
struct StaticKit<std::tuple<Ps...>, std::tuple<Ms...>, std::index_sequence<L...>, Precision> {
  using Callbacks = std::tuple<Ps...>;
  using CallbacksOfModel = std::tuple<Ms...>;
  using Module = ModuleWith<CallbacksOfModel>;
  using Trainer = TrainerWith<Precision, Module, Ps..., LoggerAt<L>...>;

  static Callbacks make_callbacks(const Json& specs, Recorder& recorder, const Json& actions,
                                  std::vector<Label>& labels) {
    return make_parts(std::type_identity<Callbacks>{}, std::index_sequence_for<Ps...>{}, specs,
                      "callback:", recorder, actions, labels);
  }
  static CallbacksOfModel make_callbacks_of_model(const Json& specs, Recorder& recorder,
                                                  const Json& actions,
                                                  std::vector<Label>& labels) {
    return make_parts(std::type_identity<CallbacksOfModel>{}, std::index_sequence_for<Ms...>{},
                      specs, "model_callback:", recorder, actions, labels);
  }

  static std::unique_ptr<Trainer> make_trainer(lt::TrainerOptions options, Callbacks callbacks,
                                               [[maybe_unused]] const Json& spec,
                                               Recorder& recorder) {
    return std::make_unique<Trainer>(
        std::move(options), std::move(std::get<Ps>(callbacks))...,
        LoggerAt<L>(RecordingLogger(recorder, static_cast<std::int64_t>(L),
                                    spec.value("logger_version", Json(0))))...,
        RecordingIo(recorder));
  }

  /// The trainer's own callbacks come first; what follows of a type of the model is the model's.
  static void find_parts(Trainer& trainer, std::vector<Label>& labels) {
    auto& parts = trainer.engine().parts();
    std::size_t i = 0;
    ((labels[i++].part = &std::get<Ps>(parts.user())), ...);
    parts.for_each([&](auto& part) {
      const bool of_user = ((static_cast<const void*>(&part) == &std::get<Ps>(parts.user())) || ...);
      if (!of_user) {
        label_of_model(part, labels);
      }
    });
  }

 private:
  template <class Q>
  static void label_of_model(Q& part, std::vector<Label>& labels) {
    std::size_t i = sizeof...(Ps);
    ((std::is_same_v<Q, Ms> ? void(labels[i].part = &part) : void(), ++i), ...);
    (void)i;
  }
};

}  // namespace conformance
