// SPDX-License-Identifier: Apache-2.0
// The Tuner: finds a learning rate or a batch size for a model, with the trainer that will train
// it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/mistake.hpp"
#include "lt/core/run_state.hpp"
#include "lt/trainer/run.hpp"
#include "lt/tuner/batch_size.hpp"
#include "lt/tuner/batch_size_finder.hpp"
#include "lt/tuner/checks.hpp"
#include "lt/tuner/learning_rate_finder.hpp"
#include "lt/tuner/lr_find.hpp"

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

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
    using Check = rate_check<Model, Data>;
    report<Check>();
    if constexpr (is_fine<Check>) {
      return find(model, data, options);
    } else {
      return {};
    }
  }

  /// The same with the attribute `attr_name`, looked for when it runs.
  template <class Model, class Data>
  LrFindResult lr_find_by_name(Model& model, Data& data, const LrFindOptions& options) {
    return find(model, data, options);
  }

  /// The same for models that keep their rate elsewhere: sets nothing.
  template <class Model, class Data>
  LrFindResult lr_curve(Model& model, Data& data, LrFindOptions options = {}) {
    options.update_attr = false;
    return find(model, data, options);
  }

  /// Tries batch sizes, each for a few steps, until memory runs out, and sets the attribute to the
  /// largest that fits; the loaders are asked for anew with each size. What is tried is a fit, or
  /// `scale_batch_size<RunFn::validate>` and alike. None when no size fits.
  /// Errors: lt::ConfigError for options out of range, an unknown `batch_arg_name`, a
  /// BatchSizeFinder among the parts; errors of the model and the data.
  template <RunFn Fn = RunFn::fit, class Model, class Data>
  std::optional<std::int64_t> scale_batch_size(Model& model, Data& data,
                                               const ScaleBatchSizeOptions& options = {}) {
    using Check = size_check<Model, Data, typename Fabric::strategy_type>;
    report<Check>();
    if constexpr (is_fine<Check>) {
      return scale_batch_size_by_name<Fn>(model, data, options);
    } else {
      return std::nullopt;
    }
  }

  /// The same with the attribute `batch_arg_name`, looked for when it runs.
  template <RunFn Fn = RunFn::fit, class Model, class Data>
  std::optional<std::int64_t> scale_batch_size_by_name(Model& model, Data& data,
                                                       const ScaleBatchSizeOptions& options) {
    auto& engine = trainer_->engine();
    validate(options, "scale_batch_size");
    if (engine.parts().template find<BatchSizeFinder>() != nullptr) {
      throw ConfigError(
          "lt[E766] Tuner: the trainer is already configured with a BatchSizeFinder "
          "callback; remove it if you want to use the Tuner");
    }
    constexpr Stage stage = Fn == RunFn::fit        ? Stage::train
                            : Fn == RunFn::validate ? Stage::validate
                            : Fn == RunFn::test     ? Stage::test
                                                    : Stage::predict;
    std::optional<std::int64_t> found;
    instead_of_loop(model, data, Fn, stage, [&] { found = find_batch_size<Fn>(engine, options); });
    return found;
  }

 private:
  using Engine = std::remove_reference_t<decltype(std::declval<Trainer&>().engine())>;
  using Fabric = std::remove_cvref_t<decltype(std::declval<Engine&>().fabric())>;

  template <class Model, class Data>
  LrFindResult find(Model& model, Data& data, const LrFindOptions& options) {
    auto& engine = trainer_->engine();
    validate(options, "lr_find");
    if (engine.parts().template find<LearningRateFinder>() != nullptr) {
      throw ConfigError(
          "lt[E767] Tuner: the trainer is already configured with a "
          "LearningRateFinder callback; remove it if you want to use the Tuner");
    }
    LrFindResult found;
    instead_of_loop(model, data, RunFn::fit, Stage::train,
                    [&] { found = find_and_set_rate(engine, options); });
    return found;
  }

  template <class Model, class Data, class Body>
  void instead_of_loop(Model& model, Data& data, RunFn fn, Stage stage, Body&& body) {
    TrainerRun<Engine>(trainer_->engine()).instead_of_loop(&model, data, fn, stage, body);
  }

  Trainer* trainer_;
};

}  // namespace lt
