// SPDX-License-Identifier: Apache-2.0
// The Tuner: finds a learning rate or a batch size for a model, with the trainer that will train it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/run_state.hpp"
#include "lt/trainer/run.hpp"
#include "lt/tuner/learning_rate_finder.hpp"
#include "lt/tuner/lr_find.hpp"

#include <optional>
#include <type_traits>

namespace lt {

/// Tunes models with a trainer, which must outlive it. After a call everything but the attribute
/// that was found is as it was before, to the bit: weights, data, counters, callbacks, options,
/// random generators. Callbacks see set-up and teardown, loggers nothing.
///
///   lt::Tuner tuner(trainer);
///   const auto found = tuner.lr_find(model, data);
///   std::cout << found.sketch();
///
/// Source: Lightning, tuner/tuning.py.
template <class Trainer>
class Tuner {
 public:
  explicit Tuner(Trainer& trainer) : trainer_(&trainer) {}

  /// Trains for `num_training` steps with rates from `min_lr` to `max_lr` and, unless `update_attr`
  /// is false, sets the model's learning rate to the suggestion.
  /// Errors: lt::ConfigError for options out of range, an unknown `attr_name`, several optimizers,
  /// a LearningRateFinder among the parts.
  template <class Model, class Data>
  LrFindResult lr_find(Model& model, Data& data, const LrFindOptions& options = {}) {
    static_assert(has_attribute<RateAttribute, Model, Data>,
                  "lt[E760] lr_find sets the learning rate that it finds, but neither the model nor "
                  "the data module has one that can be set; Fix: give the model a public member "
                  "`double lr`, or beside `const Options& hparams() const` also `Options& hparams()` "
                  "with a reflected field lr or learning_rate; or call lr_curve, which sets nothing");
    if constexpr (has_attribute<RateAttribute, Model, Data>) {
      return find(model, data, options);
    } else {
      return {};
    }
  }

  /// The same for models that keep their rate elsewhere: sets nothing.
  template <class Model, class Data>
  LrFindResult lr_curve(Model& model, Data& data, LrFindOptions options = {}) {
    options.update_attr = false;
    return find(model, data, options);
  }

 private:
  template <class Model, class Data>
  LrFindResult find(Model& model, Data& data, const LrFindOptions& options) {
    auto& engine = trainer_->engine();
    validate(options, "lr_find");
    if (engine.parts().template find<LearningRateFinder>() != nullptr) {
      throw ConfigError("lt[E767] Tuner: the trainer is already configured with a "
                        "LearningRateFinder callback; remove it if you want to use the Tuner");
    }
    LrFindResult found;
    instead_of_loop(model, data, RunFn::fit, Stage::train,
                    [&] { found = find_and_set_rate(engine, options); });
    return found;
  }

  template <class Model, class Data, class Body>
  void instead_of_loop(Model& model, Data& data, RunFn fn, Stage stage, Body&& body) {
    using Engine = std::remove_reference_t<decltype(trainer_->engine())>;
    TrainerRun<Engine>(trainer_->engine()).instead_of_loop(&model, data, fn, stage, body);
  }

  Trainer* trainer_;
};

}  // namespace lt
