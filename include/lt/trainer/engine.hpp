// SPDX-License-Identifier: Apache-2.0
// The engine behind a Trainer: it owns the state of the run, the fabric, the parts and the loops,
// and gives the loops what they need (lt/loops/engine.hpp). The public face is lt/trainer.hpp.
#pragma once

#include "lt/checkpoint/link_file.hpp"
#include "lt/core/run_view.hpp"
#include "lt/fabric.hpp"
#include "lt/loops/fit_loop.hpp"
#include "lt/loops/prediction_loop.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/policies/callback/model_checkpoint.hpp"
#include "lt/policies/callback/model_summary.hpp"
#include "lt/policies/callback/timer.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"
#include "lt/policies/logger/csv_logger.hpp"
#include "lt/policies/progress/terminal.hpp"
#include "lt/trainer/capture_calls.hpp"
#include "lt/trainer/checkpoint_calls.hpp"
#include "lt/trainer/context.hpp"
#include "lt/trainer/data_calls.hpp"
#include "lt/trainer/hook_calls.hpp"
#include "lt/trainer/logger_calls.hpp"
#include "lt/trainer/module_modes.hpp"
#include "lt/trainer/optimization_calls.hpp"
#include "lt/trainer/profiling.hpp"
#include "lt/trainer/services.hpp"
#include "lt/trainer/signals.hpp"
#include "lt/trainer/types.hpp"

#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/anomaly_mode.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Parts that a trainer has unless others of their kind, or an option, replace them.
using DefaultParts = std::tuple<ModelCheckpoint, Timer, TerminalProgress, ModelSummary, CsvLogger>;

namespace detail {

// What a step of the model returns, with Nothing for void and for a step that is not there.
template <class H, class Model, class Ctx, class Batch>
struct StepResult {
  using type = Nothing;
};
template <class H, class Model, class Ctx, class Batch>
  requires declares<H, Model> && (!std::is_same_v<Batch, Absent>)
struct StepResult<H, Model, Ctx, Batch> {
  using raw = std::remove_cvref_t<decltype(lt::invoke_step<H>(
      std::declval<Model&>(), std::declval<Ctx&>(), std::declval<const Batch&>(), 0, 0))>;
  using type = std::conditional_t<std::is_void_v<raw>, Nothing, raw>;
};

// What a prediction is: the result of predict_step, or else of `forward` on the whole batch.
template <class Model, class Ctx, class Batch>
struct PredictionOf : StepResult<hook::predict_step, Model, Ctx, Batch> {};
template <class Model, class Ctx, class Batch>
  requires(!declares<hook::predict_step, Model> && !std::is_same_v<Batch, Absent> &&
           requires(Model& model, const Batch& batch) { model.forward(batch); })
struct PredictionOf<Model, Ctx, Batch> {
  using type = std::remove_cvref_t<decltype(std::declval<Model&>().forward(
      std::declval<const Batch&>()))>;
};

}  // namespace detail

/// Types of the engine that its mixins need before it is complete.
template <class Model, class Data, class S, class A, class P, class... Ps>
class TrainerEngine;

template <class Model, class Data, class S, class A, class P, class... Ps>
struct EngineTypes {
  using Engine = TrainerEngine<Model, Data, S, A, P, Ps...>;
  using Types = TrainerTypes<Model, Data>;
  using Ctx = Context<Engine>;
  using TrainResult =
      typename detail::StepResult<hook::training_step, Model, Ctx, typename Types::TrainBatch>::type;
  using PredictResult =
      typename detail::PredictionOf<Model, Ctx, typename Types::PredictBatch>::type;
  using Output = StepOutput<TrainResult>;
};

template <class Model, class Data, class S, class A, class P, class... Ps>
class TrainerEngine
    : public HookCalls<TrainerEngine<Model, Data, S, A, P, Ps...>>,
      public DataCalls<TrainerEngine<Model, Data, S, A, P, Ps...>, TrainerTypes<Model, Data>>,
      public OptimizationCalls<TrainerEngine<Model, Data, S, A, P, Ps...>, Model,
                               TrainerTypes<Model, Data>,
                               typename EngineTypes<Model, Data, S, A, P, Ps...>::Output>,
      public CheckpointCalls<TrainerEngine<Model, Data, S, A, P, Ps...>, TrainerTypes<Model, Data>>,
      public LoggerCalls<TrainerEngine<Model, Data, S, A, P, Ps...>>,
      public CaptureCalls<TrainerEngine<Model, Data, S, A, P, Ps...>, A, TrainerTypes<Model, Data>,
                          typename EngineTypes<Model, Data, S, A, P, Ps...>::Output>,
      public ProfilerCalls<TrainerEngine<Model, Data, S, A, P, Ps...>, Ps...> {
 public:
  using All = EngineTypes<Model, Data, S, A, P, Ps...>;
  using Types = typename All::Types;
  using Ctx = typename All::Ctx;
  using Prediction = typename All::PredictResult;
  using Predictions = std::vector<std::vector<Prediction>>;  // per loader, per batch
  using Parts = PartSet<DefaultParts, typename Types::ModelParts, Ps...>;
  static constexpr bool may_replace_schedules =
      replaces_schedules<std::tuple<Ps..., typename Types::ModelParts>>;

  TrainerEngine(TrainerOptions options, Fabric<S, A, P> fabric, std::tuple<Ps...> parts)
      : options_(std::move(options)),
        fabric_(std::move(fabric)),
        parts_(std::move(parts)),
        context_(*this, state_, options_, fabric_.messages(), services<TrainerEngine>),
        metrics_(context_),
        fit_loop_(*this),
        validate_loop_(*this),
        test_loop_(*this),
        predict_loop_(*this) {
    context_.metrics_in_double = P::metrics_in_double;
    if constexpr (!A::is_host && !lacks_float64<A>) {
      metrics_.numbers = std::make_shared<DeviceNumbers>();
    }
  }
  TrainerEngine(const TrainerEngine&) = delete;
  TrainerEngine& operator=(const TrainerEngine&) = delete;
  ~TrainerEngine() { detach(); }

  // -- what mixins, loops and hooks ask for -------------------------------------------------------
  RunState& state() { return state_; }
  TrainerOptions& options() { return options_; }
  Messages& messages() { return fabric_.messages(); }
  MetricStore& metrics() { return metrics_; }
  Fabric<S, A, P>& fabric() { return fabric_; }
  Parts& parts() { return parts_; }
  Ctx& context() { return context_; }
  Model& model() { return *model_; }
  Data& data() { return *data_; }
  bool has_model() const { return model_ != nullptr; }
  /// False where the loaders were given directly: then nothing else is asked of `data`.
  static constexpr bool has_data_module() { return !requires { typename Data::loaders_only; }; }

  /// Whether there can be batches and a step for an evaluation.
  template <Evaluation Kind>
  static constexpr bool can_evaluate() {
    return Kind == Evaluation::test ? Types::has_test && declares<hook::test_step, Model>
                                    : Types::has_val && declares<hook::validation_step, Model>;
  }

  /// Runs a step of the model; Nothing for a step that returns nothing.
  template <class H, class Batch>
  auto call_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    const HookScope scope(metrics_, H::id);
    [[maybe_unused]] const auto measured = this->template measure_model<H>();
    using Result = decltype(lt::invoke_step<H>(*model_, context_, std::as_const(batch), batch_idx, loader));
    if constexpr (std::is_void_v<Result>) {
      lt::invoke_step<H>(*model_, context_, std::as_const(batch), batch_idx, loader);
      return Nothing{};
    } else {
      return std::remove_cvref_t<Result>(
          lt::invoke_step<H>(*model_, context_, std::as_const(batch), batch_idx, loader));
    }
  }

  // -- training loop ------------------------------------------------------------------------------
  template <class Batch>
  std::int64_t train_batch_start(Batch& batch, std::int64_t batch_idx) {
    using H = hook::on_train_batch_start;
    this->template call_callbacks<H>(batch, batch_idx);
    if constexpr (std::is_void_v<decltype(this->template call_model<H>(batch, batch_idx))>) {
      this->template call_model<H>(batch, batch_idx);
      return 0;
    } else {
      return static_cast<std::int64_t>(this->template call_model<H>(batch, batch_idx));
    }
  }
  template <class Batch>
  void train_batch_end(Batch& batch, std::int64_t batch_idx) {
    metrics_.share();
    this->template fire<hook::on_train_batch_end>(this->output(), batch, batch_idx);
    this->output().clear();
  }
  bool announce_stop(StopReason reason) {
    state_.stop_reason = reason;
    if (reason != StopReason::should_stop) {
      messages().info("I011", text("fit stopped: ", stop_text(reason)));
    }
    return true;
  }
  bool validation_enabled() {
    return this->template offers<hook::val_dataloader>() && !options_.limit_val_batches.is_zero() &&
           this->template model_has<hook::validation_step>();
  }
  bool validates_this_epoch() { return fit_loop_.epoch.should_check_val_epoch(); }
  void warn_if_position_is_lost() {
    const BatchCount batches = state_.plan.num_training_batches;
    if (batches.is_infinite() || batches == BatchCount(0)) {
      return;
    }
    const std::int64_t window = state_.plan.accumulate_grad_batches;
    const std::int64_t steps = (batches.value() + window - 1) / window;
    bool keeps_position = false;
    this->with_stateful_loader([&](auto&) { keeps_position = true; });
    if (state_.global_step() % steps != 0 && !keeps_position) {
      messages().warn("W024", "resuming in the middle of an epoch with a loader that keeps no "
                             "position: it starts again at its first batch");
    }
  }

  // -- evaluation ---------------------------------------------------------------------------------
  template <class H, class Batch>
  auto eval_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    fabric_.strategy().before_forward(*model_);
    const auto guard = fabric_.autocast();
    return call_step<H>(batch, batch_idx, loader);
  }
  void capture_modes() { modes_.capture(*model_); }
  void restore_modes() { modes_.restore(*model_); }
  /// Validation inside fit runs without gradients, the other evaluations in inference mode.
  template <Evaluation Kind>
  auto no_grad_guard() {
    return NoGrad(Kind != Evaluation::fit_validation && options_.inference_mode &&
                  !S::is_distributed);  // tensors of inference mode cannot be exchanged
  }
  auto predict_guard() { return NoGrad(options_.inference_mode && !S::is_distributed); }
  void note_validation_ran(bool ran) { context_.val_loop_has_run = ran; }
  void note_validation_time() { last_validation_ = std::chrono::steady_clock::now(); }
  bool validation_time_due() const {
    return std::chrono::steady_clock::now() - last_validation_ >= options_.val_check_interval.time();
  }

  // -- prediction ---------------------------------------------------------------------------------
  template <class Batch>
  auto predict_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    const auto guard = fabric_.autocast();
    if constexpr (declares<hook::predict_step, Model>) {
      if (has_hook<hook::predict_step>(*model_)) {
        return call_step<hook::predict_step>(batch, batch_idx, loader);
      }
    }
    return default_prediction(batch);
  }
  void begin_predictions(std::size_t loaders) { predictions_.assign(loaders, {}); }
  void store_prediction(Prediction prediction, std::int64_t loader) {
    if (keep_predictions_) {
      predictions_[static_cast<std::size_t>(loader)].push_back(std::move(prediction));
    }
  }
  const Predictions& predictions() const { return predictions_; }
  std::vector<std::int64_t> predict_batch_indices() {
    if constexpr (requires { this->predict_source().batch_indices(); }) {
      return this->predict_source().batch_indices();
    } else {
      return {};
    }
  }
  Predictions take_predictions() { return std::exchange(predictions_, {}); }
  void keep_predictions(bool keep) { keep_predictions_ = keep; }

  bool interrupted() const {
    if (signals_ && SignalWatch::received() != 0) {
      throw_on_interrupt();
    }
    return false;
  }
  void on_progress_loaded() { fit_loop_.on_loaded(); }

  // -- loops --------------------------------------------------------------------------------------
  FitLoop<TrainerEngine>& fit_loop() { return fit_loop_; }
  EvaluationLoop<TrainerEngine, Evaluation::validate>& validate_loop() { return validate_loop_; }
  EvaluationLoop<TrainerEngine, Evaluation::test>& test_loop() { return test_loop_; }
  PredictionLoop<TrainerEngine>& predict_loop() { return predict_loop_; }

  auto& checkpoint_io() {
    if constexpr (((role_of<Ps> == Role::checkpoint_io) || ...)) {
      return find_checkpoint_io<0>();
    } else {
      return default_io_;
    }
  }

  /// Makes `link` point to `target`; a checkpoint IO may do it its own way.
  void link_checkpoint(const std::filesystem::path& target, const std::filesystem::path& link) {
    if constexpr (requires { checkpoint_io().link_checkpoint(target, link); }) {
      checkpoint_io().link_checkpoint(target, link);
    } else {
      checkpoint::link_file(target, link);
    }
  }

  // -- the run as a whole -------------------------------------------------------------------------
  void connect(Model* model, Data* data) {
    if (model != nullptr && model != model_) {
      detach();
      model_ = model;
      if constexpr (requires { model->attach_run(&metrics_, &context_); }) {
        model->attach_run(&metrics_, &context_);
      }
    }
    data_ = data;
  }
  /// Restores signal handlers when it goes.
  void watch_signals() {
    if (options_.handle_signals) {
      signals_.emplace();
    }
  }
  void unwatch_signals() { signals_.reset(); }

 private:
  /// No gradients, or inference mode, while it lives. (InferenceMode(false) switches gradients on.)
  class NoGrad {
   public:
    explicit NoGrad(bool inference) {
      if (inference) {
        inference_.emplace();
      } else {
        grad_.emplace(false);
      }
    }

   private:
    std::optional<c10::AutoGradMode> grad_;
    std::optional<c10::InferenceMode> inference_;
  };

  [[noreturn]] static void throw_on_interrupt() {
    const int number = SignalWatch::received();
    SignalWatch::received() = 0;
    throw Interrupted(number == SIGTERM ? "SIGTERM received" : "interrupted (Ctrl-C)");
  }

  std::string stop_text(StopReason reason) const {
    switch (reason) {
      case StopReason::max_epochs:
        return text("max_epochs = ", state_.plan.max_epochs, " reached");
      case StopReason::max_steps:
        return text("max_steps = ", options_.max_steps, " reached");
      default:
        return "no training batches";
    }
  }

  // Lightning's predict_step: what `forward` makes of the batch.
  template <class Batch>
  Prediction default_prediction(Batch& batch) {
    if constexpr (requires { Prediction(model_->forward(batch)); }) {
      return Prediction(model_->forward(batch));
    } else {
      return Prediction();
    }
  }

  template <std::size_t I>
  auto& find_checkpoint_io() {
    if constexpr (role_of<std::tuple_element_t<I, std::tuple<Ps...>>> == Role::checkpoint_io) {
      return std::get<I>(parts_.user());
    } else {
      return find_checkpoint_io<I + 1>();
    }
  }

  void detach() {
    if (model_ != nullptr) {
      if constexpr (requires { model_->attach_run(nullptr, nullptr); }) {
        model_->attach_run(nullptr, nullptr);
      }
    }
    model_ = nullptr;
  }

  RunState state_;
  TrainerOptions options_;
  Fabric<S, A, P> fabric_;
  Parts parts_;
  Ctx context_;
  MetricStore metrics_;
  FitLoop<TrainerEngine> fit_loop_;
  EvaluationLoop<TrainerEngine, Evaluation::validate> validate_loop_;
  EvaluationLoop<TrainerEngine, Evaluation::test> test_loop_;
  PredictionLoop<TrainerEngine> predict_loop_;
  checkpoint_io::Binary default_io_;
  ModuleModes modes_;
  std::chrono::steady_clock::time_point last_validation_{};
  Predictions predictions_;
  bool keep_predictions_ = true;
  std::optional<SignalWatch> signals_;
  Model* model_ = nullptr;
  Data* data_ = nullptr;
};

}  // namespace lt
