// SPDX-License-Identifier: Apache-2.0
// The model of a case: it declares every hook, notes each call, and then does the default thing.
// Which hooks are there is chosen at run time (`omit`, and the loader hooks that the case has).
#pragma once

#include "errors.hpp"
#include "loaders.hpp"
#include "network.hpp"
#include "optimizers.hpp"
#include "recorder.hpp"
#include "script.hpp"
#include "values.hpp"

#include "lt/checkpoint/convert.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/hyper_params.hpp"
#include "lt/core/part_list.hpp"
#include "lt/nn.hpp"
#include "lt/trainer/hook_calls.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

/// Hyper-parameters that only the case knows.
struct CaseHparams {
  lt::HyperParams values;
  operator const lt::HyperParams&() const { return values; }  // NOLINT: that is what they are
};

class ConformanceModule : public lt::nn::Module {
 public:
  /// What training_step returns: nothing, a loss, or a dictionary.
  using StepResult = std::optional<std::map<std::string, lt::Tensor>>;

  ConformanceModule(Recorder& recorder, const Json& spec, const Json& data, const Json& actions);

  bool automatic_optimization = true;
  std::vector<std::shared_ptr<std::int64_t>> optimizer_steps;

  bool has_hook(lt::HookId id) const;
  /// What Lightning has as trainer.optimizers: a stand-in where configure_optimizers returns none.
  Json learning_rates();
  CaseHparams hparams() const;
  lt::Tensor forward(const Batch& batch) { return network_.forward(std::get<0>(*batch.parts[0])); }

  // -- set-up -----------------------------------------------------------------------------------
  void prepare_data() { note("prepare_data"); }
  void setup(lt::RunFn stage) { note("setup", {{"arg", lt::enum_name(stage)}}); }
  void configure_model() { note("configure_model"); }
  std::optional<Configured> configure_optimizers();
  void teardown(lt::RunFn stage) { note("teardown", {{"arg", lt::enum_name(stage)}}); }

  Loader train_dataloader() {
    note("train_dataloader");
    return make_train_loader(data_);
  }
  EvalLoaders val_dataloader() { return loaders("val_dataloader", "val"); }
  EvalLoaders test_dataloader() { return loaders("test_dataloader", "test"); }
  EvalLoaders predict_dataloader() { return loaders("predict_dataloader", "predict"); }

  // -- steps ------------------------------------------------------------------------------------
  template <class Ctx>
  StepResult training_step(const Batch& batch, std::int64_t batch_idx, Ctx& ctx) {
    const Outcome outcome = note_step_event("training_step", batch, batch_idx, {});
    if (outcome.return_none) {
      note_step(batch_idx, {});
      return std::nullopt;
    }
    return automatic_optimization ? automatic_step(batch, batch_idx, outcome)
                                  : manual_step(batch, batch_idx, ctx);
  }
  lt::Tensor validation_step(const Batch& batch, std::int64_t batch_idx,
                             std::int64_t dataloader_idx) {
    return evaluate("validation_step", batch, batch_idx, dataloader_idx, recorder_->several.val);
  }
  lt::Tensor test_step(const Batch& batch, std::int64_t batch_idx, std::int64_t dataloader_idx) {
    return evaluate("test_step", batch, batch_idx, dataloader_idx, recorder_->several.test);
  }
  std::optional<lt::Tensor> predict_step(const Batch& batch, std::int64_t batch_idx,
                                         std::int64_t dataloader_idx);

  // -- optimization -----------------------------------------------------------------------------
  void optimizer_step(std::int64_t, std::int64_t batch_idx, auto& optimizer, auto& closure) {
    note("optimizer_step", {{"batch_idx", batch_idx}, {"opt", optimizer.index()}}, batch_idx);
    lt::defaults::optimizer_step(optimizer, closure);
  }
  void optimizer_zero_grad(std::int64_t, std::int64_t batch_idx, auto& optimizer) {
    note("optimizer_zero_grad", {{"batch_idx", batch_idx}, {"opt", optimizer.index()}}, batch_idx);
    lt::defaults::optimizer_zero_grad(optimizer);
  }
  void on_before_zero_grad(auto& optimizer) {
    note("on_before_zero_grad", {{"opt", optimizer.index()}});
  }
  void on_before_backward(const lt::Tensor&) { note("on_before_backward"); }
  void backward(const lt::Tensor& loss) {
    note("backward");
    loss.backward();
  }
  void on_after_backward() { note("on_after_backward"); }
  void on_before_optimizer_step(auto& optimizer) {
    note("on_before_optimizer_step", {{"opt", optimizer.index()}});
  }
  void configure_gradient_clipping(auto& optimizer, std::optional<double> value,
                                   std::optional<lt::GradClipAlgorithm> algorithm, auto& ctx) {
    note("configure_gradient_clipping",
         {{"opt", optimizer.index()},
          {"clip_val", number(value)},
          {"clip_algorithm", algorithm ? Json(lt::enum_name(*algorithm)) : Json(nullptr)}});
    ctx.clip_gradients(optimizer, value, algorithm);
  }
  void lr_scheduler_step(auto& scheduler, std::optional<double> metric) {
    note("lr_scheduler_step", {{"sched", scheduler.index()}, {"metric", metric.has_value()}});
    lt::defaults::lr_scheduler_step(scheduler, metric);
  }

  // -- training ---------------------------------------------------------------------------------
  std::int64_t on_train_batch_start(const Batch&, std::int64_t batch_idx) {
    return note("on_train_batch_start", batch_info(batch_idx), batch_idx).returned.value_or(0);
  }
  void on_train_batch_end(const auto& outputs, const Batch&, std::int64_t batch_idx) {
    note_outputs(outputs.has_result() ? outputs.result() : std::nullopt, outputs.loss(), batch_idx);
    note("on_train_batch_end", batch_info(batch_idx), batch_idx);
  }
  void on_fit_start() { note("on_fit_start"); }
  void on_fit_end() { note("on_fit_end"); }
  void on_train_start() {
    note_plan();
    note("on_train_start");
  }
  void on_train_end() { note("on_train_end"); }
  void on_train_epoch_start() { note("on_train_epoch_start"); }
  void on_train_epoch_end(auto& ctx) {
    note("on_train_epoch_end");
    if (steps_schedulers("epoch")) {
      step_manual_schedulers(ctx);
    }
  }

  // -- evaluation -------------------------------------------------------------------------------
  void on_validation_model_zero_grad() {
    note("on_validation_model_zero_grad");
    zero_grad();
  }
  void on_validation_model_eval() {
    note("on_validation_model_eval");
    eval();
  }
  void on_validation_model_train() {
    note("on_validation_model_train");
    train();
  }
  void on_test_model_eval() {
    note("on_test_model_eval");
    eval();
  }
  void on_test_model_train() {
    note("on_test_model_train");
    train();
  }
  void on_predict_model_eval() {
    note("on_predict_model_eval");
    eval();
  }
  void on_validation_start() { note("on_validation_start"); }
  void on_validation_end() { note("on_validation_end"); }
  void on_validation_epoch_start() { note("on_validation_epoch_start"); }
  void on_validation_epoch_end() { note("on_validation_epoch_end"); }
  void on_test_start() { note("on_test_start"); }
  void on_test_end() { note("on_test_end"); }
  void on_test_epoch_start() { note("on_test_epoch_start"); }
  void on_test_epoch_end() { note("on_test_epoch_end"); }
  void on_predict_start() { note("on_predict_start"); }
  void on_predict_end() { note("on_predict_end"); }
  void on_predict_epoch_start() { note("on_predict_epoch_start"); }
  void on_predict_epoch_end() { note("on_predict_epoch_end"); }

  void on_validation_batch_start(const Batch&, std::int64_t batch_idx, std::int64_t loader) {
    note_batch("on_validation_batch_start", batch_idx, loader, recorder_->several.val);
  }
  void on_validation_batch_end(const auto&, const Batch&, std::int64_t batch_idx,
                               std::int64_t loader) {
    note_batch("on_validation_batch_end", batch_idx, loader, recorder_->several.val);
  }
  void on_test_batch_start(const Batch&, std::int64_t batch_idx, std::int64_t loader) {
    note_batch("on_test_batch_start", batch_idx, loader, recorder_->several.test);
  }
  void on_test_batch_end(const auto&, const Batch&, std::int64_t batch_idx, std::int64_t loader) {
    note_batch("on_test_batch_end", batch_idx, loader, recorder_->several.test);
  }
  void on_predict_batch_start(const Batch&, std::int64_t batch_idx, std::int64_t loader) {
    note_batch("on_predict_batch_start", batch_idx, loader, recorder_->several.predict);
  }
  void on_predict_batch_end(const auto&, const Batch&, std::int64_t batch_idx,
                            std::int64_t loader) {
    note_batch("on_predict_batch_end", batch_idx, loader, recorder_->several.predict);
  }

  // -- checkpoints and batches --------------------------------------------------------------------
  void on_save_checkpoint(lt::Checkpoint& checkpoint) {
    note("on_save_checkpoint", checkpoint_info(checkpoint));
  }
  void on_load_checkpoint(lt::Checkpoint& checkpoint) {
    note("on_load_checkpoint", checkpoint_info(checkpoint));
  }
  Batch on_before_batch_transfer(Batch batch, std::int64_t dataloader_idx) {
    note("on_before_batch_transfer", {{"dataloader_idx", dataloader_idx}});
    return batch;
  }
  Batch transfer_batch_to_device(Batch batch, lt::Device, std::int64_t dataloader_idx) {
    note("transfer_batch_to_device", {{"dataloader_idx", dataloader_idx}});
    return batch;
  }
  Batch on_after_batch_transfer(Batch batch, std::int64_t dataloader_idx) {
    note("on_after_batch_transfer", {{"dataloader_idx", dataloader_idx}});
    return batch;
  }

 protected:
  /// Records a call, carries out the actions, then logs (steps log later themselves).
  Outcome note(std::string_view hook, const Json& info = Json::object(),
               std::optional<std::int64_t> batch_idx = {},
               std::optional<std::int64_t> dataloader_idx = {});

 private:
  void note_batch(std::string_view hook, std::int64_t batch_idx, std::int64_t loader, bool several);
  Outcome note_step_event(std::string_view hook, const Batch& batch, std::int64_t batch_idx,
                          std::optional<std::int64_t> dataloader_idx);
  void note_step(std::int64_t batch_idx, const std::vector<lt::Tensor>& losses);
  void note_outputs(const StepResult& result, const lt::Tensor& loss, std::int64_t batch_idx);
  void note_plan();
  void write_logs(std::string_view hook, const LogValues& values);
  EvalLoaders loaders(std::string_view hook, std::string_view which) {
    note(hook);
    return make_eval_loaders(data_, which);
  }

  /// The loss and the mean absolute error of a batch, summed over its loaders.
  std::pair<lt::Tensor, lt::Tensor> losses(const Batch& batch);
  StepResult automatic_step(const Batch& batch, std::int64_t batch_idx, const Outcome& outcome);
  lt::Tensor evaluate(std::string_view hook, const Batch& batch, std::int64_t batch_idx,
                      std::int64_t dataloader_idx, bool several);

  // -- manual optimization ------------------------------------------------------------------------
  lt::Tensor manual_loss(std::size_t k, const Batch& batch);
  void finish_manual_step(std::int64_t batch_idx, const std::vector<lt::Tensor>& losses);
  StepResult manual_result(const std::vector<lt::Tensor>& losses) const;
  lt::GradClipAlgorithm manual_algorithm() const;
  bool manual_flag(const char* name) const { return manual_.value(name, false); }
  bool steps_schedulers(std::string_view when) const {
    return manual_.value("step_schedulers", std::string()) == when;
  }

  template <class Ctx>
  StepResult manual_step(const Batch& batch, std::int64_t batch_idx, Ctx& ctx);
  template <class Ctx>
  void step_manual_schedulers(Ctx& ctx);

  Recorder* recorder_;
  Json spec_;
  Json data_;
  Json manual_;
  Script script_;
  Network network_;
  bool without_optimizer_ = false;  // what configure_optimizers has returned
  std::set<std::string, std::less<>> omitted_;
};

/// The model with what configure_callbacks returns: a PartList or a tuple. It is handed over once,
/// so a second run finds none (of a list, what has been handed over stays with the trainer).
template <class Callbacks>
class ModuleWith : public ConformanceModule {
 public:
  ModuleWith(Recorder& recorder, const Json& spec, const Json& data, const Json& actions,
             Callbacks callbacks)
      : ConformanceModule(recorder, spec, data, actions), callbacks_(std::move(callbacks)) {}

  /// Those that have not been handed over; null when they have.
  Callbacks* callbacks() { return callbacks_ ? &*callbacks_ : nullptr; }

  /// Errors: Unsupported when a tuple that is not empty is asked for again.
  Callbacks configure_callbacks() {
    note("configure_callbacks");
    if (callbacks_) {
      return *std::exchange(callbacks_, std::nullopt);
    }
    if constexpr (lt::is_part_list<Callbacks> || std::is_same_v<Callbacks, std::tuple<>>) {
      return {};
    } else {
      throw Unsupported("a second run with static callbacks of the model");
    }
  }

 private:
  std::optional<Callbacks> callbacks_;
};

template <class Ctx>
ConformanceModule::StepResult ConformanceModule::manual_step(const Batch& batch,
                                                             std::int64_t batch_idx, Ctx& ctx) {
  auto optimizers = ctx.optimizers();
  const bool zero_first = manual_.value("zero_grad", std::string("each")) == "first";
  std::vector<lt::Tensor> losses;
  if (zero_first) {
    for (auto& optimizer : optimizers) {
      optimizer.zero_grad();
    }
  }
  for (std::size_t k = 0; k < optimizers.size(); ++k) {
    auto& optimizer = optimizers[k];
    if (manual_flag("toggle")) {
      ctx.toggle_optimizer(optimizer);
    }
    if (manual_flag("closure")) {
      optimizer.step([&] {
        optimizer.zero_grad();
        losses.push_back(manual_loss(k, batch));
        ctx.manual_backward(losses.back());
        return losses.back();
      });
    } else {
      const std::int64_t accumulate =
          manual_.contains("accumulate") ? manual_["accumulate"][k].get<std::int64_t>() : 1;
      losses.push_back(manual_loss(k, batch));
      if (!zero_first && batch_idx % accumulate == 0) {
        optimizer.zero_grad();
      }
      ctx.manual_backward(losses.back());
      if ((batch_idx + 1) % accumulate == 0) {
        if (manual_.contains("clip")) {
          ctx.clip_gradients(optimizer, manual_["clip"]["val"].get<double>(), manual_algorithm());
        }
        optimizer.step();
      }
    }
    if (manual_flag("toggle")) {
      ctx.untoggle_optimizer(optimizer);
    }
  }
  finish_manual_step(batch_idx, losses);
  if (steps_schedulers("batch")) {
    step_manual_schedulers(ctx);
  }
  return manual_result(losses);
}

template <class Ctx>
void ConformanceModule::step_manual_schedulers(Ctx& ctx) {
  for (auto& schedule : ctx.lr_schedulers()) {
    if (schedule.is_plateau()) {
      schedule.step(ctx.callback_metrics().find(manual_.at("monitor").get<std::string>()));
    } else {
      schedule.step();
    }
  }
}

}  // namespace conformance

template <>
struct lt::checkpoint::Convert<conformance::CaseHparams> {
  static Value to(const conformance::CaseHparams& hparams);
};
