// SPDX-License-Identifier: Apache-2.0
// The Trainer. One fit, with who owns each line and which hooks it fires:
//
//   model.configure_callbacks, prepare_data            model, data     prepare_data
//   loggers open; setup                                loggers         setup (data, callbacks, model)
//   model.configure_model; weights of a checkpoint     checkpoint_io   on_load_checkpoint
//   model to device; configure_optimizers              accelerator     on_fit_start
//   sanity check: a few validation batches             loops           on_sanity_check_start/_end
//   for each epoch                                     FitLoop         on_train_epoch_start
//     for each batch: to device                        accelerator     on_*_batch_transfer
//       training_step under autocast                   precision       on_train_batch_start
//       zero_grad, backward                            strategy        on_before_/_after_backward
//       clip, optimizer step                           precision       on_before_optimizer_step
//       schedules per step; metrics to loggers         optim, loggers  on_train_batch_end
//       validation where it is due                     EvaluationLoop  on_validation_*
//     plateau schedules, epoch metrics, checkpoints    callbacks       on_train_epoch_end
//   teardown                                           all             on_train_end, on_fit_end
#pragma once

#include "lt/core/take.hpp"
#include "lt/data_module.hpp"
#include "lt/trainer/engine.hpp"
#include "lt/trainer/run.hpp"
#include "lt/trainer/type_checks.hpp"

#include <concepts>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// What a fit came to.
struct Result {
  StopReason reason = StopReason::none;  // why it ended
  std::int64_t epoch = 0;                // epochs completed
  std::int64_t step = 0;                 // optimizer steps made
  MetricTable metrics;                   // callback_metrics at the end
};

/// What a call on the trainer may be given beside model and data.
struct RunOptions {
  std::string ckpt_path{};  // a file, "best" or "last"; empty: none
};

/// What a Trainer is when its types go together.
template <class Model, class Data, class S, class A, class P, class... Ps>
class TrainerBody {
 public:
  using Engine = TrainerEngine<Model, Data, S, A, P, Ps...>;
  using Predictions = typename Engine::Predictions;

  /// Errors: lt::ConfigError for an option out of range.
  template <class... Given>
  explicit TrainerBody(TrainerOptions options = {}, Given&&... given)
      : engine_(std::make_unique<Engine>(
            resolve_options(std::move(options)),
            Fabric<S, A, P>(take<S>(given...), take<A>(given...), take<P>(given...)),
            take_parts<Ps...>(given...))) {
    report<first_mistake<
        argument_check<Given, S, A, P, Ps...>...,
        typename place_check<type_list<std::remove_cvref_t<Given>...>,
                             type_list<S, A, P, Ps...>>::type>>();
    run().configure_parts();
  }

  /// Trains `model` on `data`. Errors: whatever the model, the data and the parts throw, after
  /// callbacks have been told and loggers are closed.
  Result fit(Model& model, Data& data, const RunOptions& options = {}) {
    using Check = model_check_for_fit<Model, detail::StepTypes<Model, Data, Engine>>;
    report<Check>();
    if constexpr (is_fine<Check>) {
      run().fit(&model, data, options.ckpt_path);
    }
    const RunState& state = engine_->state();
    return {state.stop_reason, state.current_epoch(), state.global_step(), callback_metrics()};
  }
  Result fit(Model& model, Data&& data, const RunOptions& options = {}) {
    own_ = std::make_unique<Data>(std::move(data));
    return fit(model, *own_, options);
  }
  /// The same with loaders given directly, for a trainer on `lt::Loaders<Train>` or
  /// `lt::Loaders<Train, Val>`.
  template <class Train>
    requires std::constructible_from<Data, detail::FromLoaders, Train>
  Result fit(Model& model, Train&& train, const RunOptions& options = {}) {
    return fit(model, Data(detail::FromLoaders{}, std::forward<Train>(train)), options);
  }
  template <class Train, class Val>
    requires std::constructible_from<Data, detail::FromLoaders, Train, Val>
  Result fit(Model& model, Train&& train, Val&& val, const RunOptions& options = {}) {
    return fit(model,
               Data(detail::FromLoaders{}, std::forward<Train>(train), std::forward<Val>(val)),
               options);
  }
  /// The same with a model that lives in a std::shared_ptr or a TORCH_MODULE holder.
  template <class Holder, class... Args>
    requires requires(Holder& holder) { { *holder } -> std::same_as<Model&>; }
  Result fit(Holder& holder, Args&&... args) {
    return fit(*holder, std::forward<Args>(args)...);
  }

  /// Evaluates on the validation data: the metrics of each loader.
  std::vector<MetricTable> validate(Model& model, Data& data, const RunOptions& options = {}) {
    return run().validate(&model, data, options.ckpt_path);
  }
  /// The same with the model of the call before, from its best checkpoint.
  std::vector<MetricTable> validate(Data& data, const RunOptions& options = {}) {
    return run().validate(no_model, data, options.ckpt_path);
  }

  /// Evaluates on the test data: the metrics of each loader.
  std::vector<MetricTable> test(Model& model, Data& data, const RunOptions& options = {}) {
    return run().test(&model, data, options.ckpt_path);
  }
  std::vector<MetricTable> test(Data& data, const RunOptions& options = {}) {
    return run().test(no_model, data, options.ckpt_path);
  }

  /// The predictions of each batch of each loader; none with `return_predictions = false`.
  std::optional<Predictions> predict(Model& model, Data& data, const RunOptions& options = {},
                                     bool return_predictions = true) {
    return run().predict(&model, data, options.ckpt_path, return_predictions);
  }
  std::optional<Predictions> predict(Data& data, const RunOptions& options = {},
                                     bool return_predictions = true) {
    return run().predict(no_model, data, options.ckpt_path, return_predictions);
  }

  /// The part of that type: one of the trainer's, or a default one.
  template <class Q>
  Q& get() {
    Q* found = engine_->parts().template find<Q>();
    if (found == nullptr) {
      throw ConfigError(text("lt[E108] the trainer has no ", type_name<Q>(), " now"));
    }
    return *found;
  }

  /// The strategy: the ranks, and what they exchange.
  S& strategy() { return engine_->fabric().strategy(); }
  std::int64_t global_rank() const { return engine_->fabric().global_rank(); }
  std::int64_t world_size() const { return engine_->fabric().world_size(); }
  bool is_global_zero() const { return global_rank() == 0; }

  const MetricTable& callback_metrics() { return engine_->context().callback_metrics(); }
  const MetricTable& progress_bar_metrics() { return engine_->context().progress_bar_metrics(); }
  const MetricTable& logged_metrics() { return engine_->context().logged_metrics(); }

  std::int64_t current_epoch() const { return engine_->state().current_epoch(); }
  std::int64_t global_step() const { return engine_->state().global_step(); }
  const RunState& state() const { return engine_->state(); }
  const TrainerOptions& options() const { return engine_->options(); }

  /// Asks the run to end; may be called from any hook.
  void stop() { engine_->state().should_stop = true; }
  /// Writes a checkpoint of the model of the last call. Errors: lt::ConfigError when there is none.
  void save_checkpoint(const std::filesystem::path& path, bool weights_only = false) {
    if (!engine_->has_model()) {
      throw ConfigError("lt[E109] save_checkpoint: the trainer has no model yet; fit one first");
    }
    engine_->save_checkpoint(path, weights_only);
  }
  /// Optimizer steps that a whole fit will make; infinite for endless runs.
  BatchCount estimated_stepping_batches() { return run().estimated_stepping_batches(); }

  /// Sends the messages of this trainer elsewhere; an empty sink silences it.
  void set_message_sink(MessageSink sink) { engine_->messages().set_sink(std::move(sink)); }

  Engine& engine() { return *engine_; }

 private:
  static constexpr Model* no_model = nullptr;

  TrainerRun<Engine> run() { return TrainerRun<Engine>(*engine_); }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Data> own_;
};

/// Trains, validates, tests and predicts with one model type on one data type. Every policy is a
/// type, so a trainer is one optimized program: hooks are resolved while compiling and nothing in
/// the loop over batches is dispatched dynamically.
///
///   lt::Trainer<Classifier, Digits, lt::strategy::SingleDevice, lt::accelerator::Cpu,
///               lt::precision::F32, lt::EarlyStopping, lt::CsvLogger>
///       trainer{{.max_epochs = 5}, lt::EarlyStopping{{.monitor = "val_loss"}}};
///   lt::Result result = trainer.fit(model, data);
///
/// The constructor takes the options, then instances of policies and parts in any order; what is
/// left out is default-constructed. A ModelCheckpoint, a CsvLogger, a progress bar and a model
/// summary are there unless parts of their kind or options replace them.
template <class Model, class Data, class S = strategy::SingleDevice, class A = accelerator::Cpu,
          class P = precision::F32, class... Ps>
class Trainer : public gate<decltype(detail::check_trainer<Model, Data, S, A, P, Ps...>()),
                            TrainerBody<Model, Data, S, A, P, Ps...>, PermissiveTrainer> {
  using Base = gate<decltype(detail::check_trainer<Model, Data, S, A, P, Ps...>()),
                    TrainerBody<Model, Data, S, A, P, Ps...>, PermissiveTrainer>;

 public:
  using Base::Base;
};


namespace detail {

// The first of `Given` that belongs to family `Tag`, or `Default`.
template <class Tag, class Default, class... Given>
struct SlotOf {
  using type = Default;
};
template <class Tag, class Default, class First, class... Rest>
struct SlotOf<Tag, Default, First, Rest...>
    : std::conditional_t<std::same_as<family_of_t<First>, Tag>, std::type_identity<First>,
                         SlotOf<Tag, Default, Rest...>> {};

template <class Model, class Data, class S, class A, class P, class Tuple>
struct MakeTrainer;
template <class Model, class Data, class S, class A, class P, class... Ps>
struct MakeTrainer<Model, Data, S, A, P, std::tuple<Ps...>> {
  using type = Trainer<Model, Data, S, A, P, Ps...>;
};

template <class... Given>
using parts_of = decltype(std::tuple_cat(
    std::declval<std::conditional_t<Part<Given>, std::tuple<Given>, std::tuple<>>>()...));

}  // namespace detail

/// Makes a trainer from its parts; the types follow from what is given.
template <class Model, class Data, class... Given>
auto make_trainer(TrainerOptions options, Given... given) {
  using S = typename detail::SlotOf<strategy_tag, strategy::SingleDevice, Given...>::type;
  using A = typename detail::SlotOf<accelerator_tag, accelerator::Cpu, Given...>::type;
  using P = typename detail::SlotOf<precision_tag, precision::F32, Given...>::type;
  using T = typename detail::MakeTrainer<Model, Data, S, A, P, detail::parts_of<Given...>>::type;
  return T(std::move(options), std::move(given)...);
}

}  // namespace lt
