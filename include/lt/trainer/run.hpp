// SPDX-License-Identifier: Apache-2.0
// The sequence of a call on the trainer: set-up, the loop, teardown, and what happens when something
// is thrown in between. Source: Lightning, trainer/trainer.py and trainer/call.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/memory_error.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/type_name.hpp"
#include "lt/cuda/graphed_step.hpp"
#include "lt/policies/callback/model_checkpoint.hpp"
#include "lt/policies/callback/model_summary.hpp"
#include "lt/policies/callback/timer.hpp"
#include "lt/policies/logger/csv_logger.hpp"
#include "lt/policies/progress/terminal.hpp"
#include "lt/seed.hpp"
#include "lt/trainer/checkpoint_calls.hpp"
#include "lt/trainer/hook_calls.hpp"
#include "lt/trainer/resolve_options.hpp"

#include <ATen/Context.h>
#include <torch/csrc/autograd/anomaly_mode.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Whether a model is trained by the loop (automatic) or by its own step. A model says
/// `static constexpr bool automatic_optimization = false;`, or has a member of that name.
template <class Model>
bool is_automatic(const Model& model) {
  if constexpr (requires { model.automatic_optimization; }) {
    return model.automatic_optimization;
  } else {
    return true;
  }
}

/// Carries out the calls of a trainer on its engine.
template <class Engine>
class TrainerRun {
 public:
  explicit TrainerRun(Engine& engine) : e_(engine) {}

  /// Fills in default parts and checks that the parts go together; once, at construction.
  void configure_parts() {
    const TrainerOptions& o = e_.options();
    const bool usual = !o.barebones;
    if (o.enable_checkpointing == false) {
      e_.parts().for_each([]<class P>(P&) {
        if (role_of<P> == Role::callback && order_of<P> == CallbackOrder::checkpoint) {
          throw ConfigError(text("lt[E187] enable_checkpointing = false, but there is a ",
                                 type_name<P>(), " among the parts; expected one of them only"));
        }
      });
    }
    enable<ModelCheckpoint>(o.enable_checkpointing.value_or(usual));
    if (o.max_time && e_.parts().template find<Timer>() == nullptr) {
      enable_part<Timer>([&] { return Timer{{.duration = *o.max_time}}; });
    }
    enable<TerminalProgress>(o.enable_progress_bar.value_or(usual));
    enable<ModelSummary>(o.enable_model_summary.value_or(usual));
    enable<CsvLogger>(o.logger.value_or(usual));
    check_state_keys();
    check_one_bar();
  }

  template <class Model, class Data>
  void fit(Model* model, Data& data, std::string_view ckpt_path) {
    RunState& state = e_.state();
    state.should_stop = false;
    state.stop_reason = StopReason::none;
    begin(model, data, RunFn::fit, Stage::train);
    guarded([&] {
      resolve_epoch_limits();
      const auto path = e_.select_checkpoint(ckpt_path, true);
      set_up(path);
      e_.configure_optimizers();
      e_.template fire<hook::on_fit_start>();
      e_.log_hyperparams();
      restore_and_watch(path);
      {
        const IsolatedRng isolated;
        sanity_check();
      }
      const AnomalyGuard anomaly(e_.options().detect_anomaly);
      const c10::AutoGradMode grad(true);
      e_.fit_loop().run();
      tear_down();
      e_.template fire<hook::on_fit_end>();
      finish();
    });
  }

  template <class Model, class Data>
  std::vector<MetricTable> validate(Model* model, Data& data, std::string_view ckpt_path) {
    std::vector<MetricTable> results;
    evaluate(model, data, RunFn::validate, Stage::validate, ckpt_path,
             [&] { results = e_.validate_loop().run(); });
    return results;
  }

  template <class Model, class Data>
  std::vector<MetricTable> test(Model* model, Data& data, std::string_view ckpt_path) {
    std::vector<MetricTable> results;
    evaluate(model, data, RunFn::test, Stage::test, ckpt_path,
             [&] { results = e_.test_loop().run(); });
    return results;
  }

  template <class Model, class Data>
  std::optional<typename Engine::Predictions> predict(Model* model, Data& data,
                                                      std::string_view ckpt_path, bool keep) {
    std::optional<typename Engine::Predictions> results;
    e_.keep_predictions(keep || writes_predictions());
    evaluate(model, data, RunFn::predict, Stage::predict, ckpt_path, [&] {
      const bool ran = e_.predict_loop().run();
      auto predictions = e_.take_predictions();
      if (ran && keep) {
        results = std::move(predictions);
      }
    });
    return results;
  }

  /// Sets a call up, runs `body` in the place of its loop, and tears down: for tools that run the
  /// loops themselves. Data module, callbacks and model see set-up and teardown, but no start and no
  /// end of a fit; loggers are left alone. What is drawn from the default random generator leaves
  /// no trace.
  template <class Model, class Data, class Body>
  void instead_of_loop(Model* model, Data& data, RunFn fn, Stage stage, Body&& body) {
    const auto silent = e_.silence_loggers();
    const IsolatedRng isolated;
    e_.state().should_stop = false;
    begin(model, data, fn, stage);
    guarded([&] {
      resolve_epoch_limits();
      set_up({});
      if (fn == RunFn::fit) {
        e_.configure_optimizers();
      }
      restore_and_watch({});
      body();
      tear_down();
      finish();
    });
  }

  BatchCount estimated_stepping_batches() {
    const RunState& state = e_.state();
    const std::int64_t max_steps = e_.options().max_steps;
    const BatchCount by_steps = max_steps == -1 ? BatchCount::infinite() : BatchCount(max_steps);
    if (state.plan.max_epochs == -1) {
      return by_steps;
    }
    e_.fit_loop().setup_data();
    const BatchCount batches = state.plan.num_training_batches;
    if (batches.is_infinite()) {
      // Lightning gives its own -1 for "no limit".
      return e_.options().compat == Compat::lightning ? BatchCount(max_steps) : by_steps;
    }
    const std::int64_t window = state.plan.accumulate_grad_batches;
    const std::int64_t per_epoch = (batches.value() + window - 1) / window;
    return std::min(by_steps,
                    BatchCount(per_epoch * std::max<std::int64_t>(state.plan.max_epochs, 1)));
  }

 private:
  /// Stops at the operation that makes a NaN gradient.
  class AnomalyGuard {
   public:
    explicit AnomalyGuard(bool on) : before_(torch::autograd::AnomalyMode::is_enabled()) {
      if (on) {
        torch::autograd::AnomalyMode::set_enabled(true);
      }
    }
    ~AnomalyGuard() { torch::autograd::AnomalyMode::set_enabled(before_); }
    AnomalyGuard(const AnomalyGuard&) = delete;
    AnomalyGuard& operator=(const AnomalyGuard&) = delete;

   private:
    bool before_;
  };

  // A part that wants all predictions when they are complete (PredictionWriter).
  bool writes_predictions() {
    bool found = false;
    e_.parts().for_each([&](auto& part) {
      if constexpr (requires { { part.writes_on_epoch_end() } -> std::same_as<bool>; }) {
        found = found || part.writes_on_epoch_end();
      }
    });
    return found;
  }

  // -- default parts ------------------------------------------------------------------------------
  template <class D>
  void enable(bool wanted) {
    bool replaced = false;
    e_.parts().for_each([&]<class P>(P&) {
      replaced = replaced || (substitute_of<P> == substitute_of<D> &&
                              substitute_of<D> != DefaultPart::none);
    });
    if (wanted && !replaced) {
      enable_part<D>([] { return D{}; });
    }
  }
  template <class D, class Make>
  void enable_part(Make make) {
    std::apply(
        [&](auto&... slot) {
          (
              [&] {
                if constexpr (std::same_as<std::remove_cvref_t<decltype(slot)>, DefaultSlot<D>>) {
                  slot.part.emplace(make());
                }
              }(),
              ...);
        },
        e_.parts().defaults());
  }

  void check_state_keys() {
    std::vector<std::string> keys;
    e_.parts().for_each([&]<class P>(P& part) {
      if constexpr (StatefulPart<P> && role_of<P> == Role::callback) {
        std::string key = state_key_of(part);
        if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
          throw ConfigError(text("lt[E188] two callbacks keep their state under the same key ", key,
                                 "; expected different options, so that each finds its own state"));
        }
        keys.push_back(std::move(key));
      }
    });
  }

  // Those named in the trainer's type are counted while compiling; these are in a PartList.
  void check_one_bar() {
    int bars = 0;
    e_.parts().for_each(
        [&]<class P>(P&) { bars += substitute_of<P> == DefaultPart::progress_bar ? 1 : 0; });
    if (bars > 1) {
      throw ConfigError(text("lt[E196] found ", bars, " progress bars among the parts, which would "
                             "overwrite each other's line; expected one"));
    }
  }

  // -- the sequence -------------------------------------------------------------------------------
  template <class Model, class Data>
  void begin(Model* model, Data& data, RunFn fn, Stage stage) {
    if (model == nullptr && !e_.has_model()) {
      throw ConfigError(text("lt[E189] ", enum_name(fn),
                             " was called without a model, and there is none from an earlier call"));
    }
    e_.connect(model, &data);
    RunState& state = e_.state();
    state.fn = fn;
    state.stage = stage;
    state.status = Status::running;
    state.automatic_optimization = is_automatic(e_.model());
    state.plan.accumulate_grad_batches = e_.options().accumulate_grad_batches;
    e_.messages().set_rank(e_.fabric().global_rank());
    e_.context().resumed_from_path.clear();
    e_.drop_loaders();
    if constexpr (requires { e_.forget_capture(); }) {
      e_.forget_capture();
    }
    e_.drop_loaded_checkpoint();
    e_.fit_loop().forget_data();
    e_.validate_loop().forget_data();
    e_.test_loop().forget_data();
  }

  void resolve_epoch_limits() {
    const TrainerOptions& o = e_.options();
    Plan& plan = e_.state().plan;
    if (o.max_epochs) {
      plan.max_epochs = *o.max_epochs;
    } else if (o.max_steps == -1 && e_.parts().template find<Timer>() == nullptr) {
      e_.messages().warn("W011", "max_epochs is not set: training for 1000 epochs; set it to -1 to "
                                 "train without a limit");
      plan.max_epochs = 1000;
    } else {
      plan.max_epochs = -1;
    }
    plan.min_epochs = o.min_epochs.value_or(o.min_steps ? 1 : 0);
    plan.num_training_batches = BatchCount::infinite();
  }

  void set_up(const std::filesystem::path& path) {
    using Model = std::remove_cvref_t<decltype(e_.model())>;
    if constexpr (declares<hook::configure_callbacks, Model>) {
      if (e_.template model_has<hook::configure_callbacks>()) {
        e_.parts().set_model_parts(e_.template call_model<hook::configure_callbacks>());
      }
    }
    check_configuration();
    e_.parts().for_each([&]<class Part>(Part& part) {
      if constexpr (role_of<Part> == Role::environment) {
        e_.fabric().place_by(part);
      }
    });
    e_.fabric().launch();
    if (const auto deterministic = e_.options().deterministic) {
      at::globalContext().setDeterministicAlgorithms(*deterministic, /*warn_only=*/false);
    }
    e_.context().global_rank = e_.fabric().global_rank();
    e_.context().world_size = e_.fabric().world_size();
    if constexpr (std::remove_cvref_t<decltype(e_.fabric())>::strategy_type::is_distributed) {
      compare_options();
    }
    prepare_data();
    e_.open_loggers();
    e_.open_profiler();
    RunFn stage = e_.state().fn;
    e_.template call_data<hook::setup>(stage);
    e_.template call_callbacks<hook::setup>(stage);
    e_.template call_model<hook::setup>(stage);
    {
      const auto guard = e_.fabric().precision().init_guard();
      e_.template call_model<hook::configure_model>();
    }
    e_.restore_modules_and_callbacks(path);
    e_.metrics().reset_results();
    e_.metrics().reset_tables();
    e_.fabric().place(e_.model());
    e_.fabric().strategy().setup_module(e_.model(), stage == RunFn::fit);
    e_.context().validation_enabled = e_.validation_enabled();
  }

  // Once on each machine; the other ranks wait for the files.
  void prepare_data() {
    if (e_.fabric().local_rank() == 0) {
      if (e_.has_data_module()) {
        e_.template call_data<hook::prepare_data>();
      }
      e_.template call_model<hook::prepare_data>();
    }
    e_.fabric().barrier("prepare_data");
  }

  template <class T>
  static std::string option_text(const T& option) {
    if constexpr (requires { option->count(); }) {
      return option ? text(option->count(), " s") : std::string("none");
    } else {
      return text(option);
    }
  }

  // Ranks that run different programs would wait for each other sooner or later.
  void compare_options() {
    auto& strategy = e_.fabric().strategy();
    std::string own = strategy.description();
    for_each_field(e_.options(), [&](std::string_view name, const auto& field) {
      // Not those that each rank may have as it likes.
      if (name != "default_root_dir" && name != "enable_progress_bar" &&
          name != "enable_model_summary" && name != "handle_signals") {
        own += text(name, " = ", option_text(field), "\n");
      }
    });
    strategy.agree(text("the options of ", enum_name(e_.state().fn)), own);
  }

  void restore_and_watch(const std::filesystem::path& path) {
    e_.restore_training_state();
    if (!path.empty()) {
      e_.messages().info("I012", text(e_.state().fn == RunFn::fit ? "restored all states from "
                                                                  : "loaded weights from ",
                                      path.string()));
    }
    e_.watch_signals();
    e_.fabric().barrier("run-stage");
    defaults::on_validation_model_zero_grad(e_.model());
  }

  template <class Model, class Data, class Body>
  void evaluate(Model* model, Data& data, RunFn fn, Stage stage, std::string_view ckpt_path,
                Body&& body) {
    begin(model, data, fn, stage);
    guarded([&] {
      const auto path = e_.select_checkpoint(ckpt_path, model != nullptr);
      set_up(path);
      e_.log_hyperparams();
      restore_and_watch(path);
      body();
      tear_down();
      finish();
    });
  }

  void sanity_check() {
    RunState& state = e_.state();
    if (!e_.validation_enabled() || e_.options().num_sanity_val_steps.value_or(2) == 0 ||
        e_.fit_loop().validation_is_restarting()) {
      return;
    }
    const Stage stage = std::exchange(state.stage, Stage::sanity_check);
    e_.metrics().reset_results();
    e_.metrics().reset_tables();
    e_.template call_callbacks<hook::on_sanity_check_start>();
    e_.fit_loop().epoch.validation.run();
    e_.template call_callbacks<hook::on_sanity_check_end>();
    e_.metrics().reset_results();
    e_.metrics().reset_tables();
    state.fit.val_batches = {};
    state.stage = stage;
  }

  void tear_down() {
    e_.metrics().flush();
    e_.unwatch_signals();
    e_.drop_loaders();
    e_.fabric().teardown();
  }

  void finish() {
    RunFn stage = e_.state().fn;
    e_.template call_data<hook::teardown>(stage);
    e_.template call_callbacks<hook::teardown>(stage);
    e_.template call_model<hook::teardown>(stage);
    e_.finish_checkpoints();
    e_.finalize_loggers("success");
    e_.describe_profiler();
    e_.state().status = Status::finished;
    e_.metrics().refresh();
    e_.state().stage = Stage::none;
  }

  // -- errors -------------------------------------------------------------------------------------
  template <class Body>
  void guarded(Body&& body) {
    try {
      body();
    } catch (const std::exception& exception) {
      if constexpr (requires { e_.fabric().accelerator().memory(); }) {
        if (is_out_of_memory(exception)) {
          const ConfigError named(out_of_memory(exception));
          fail(named);
          throw named;
        }
      }
      fail(exception);
      throw;
    } catch (...) {
      fail(Error("an exception that is no std::exception"));
      throw;
    }
  }

  // What the device was doing when its memory ran out.
  std::string out_of_memory(const std::exception& exception) {
    const std::string_view what = exception.what();
    const auto memory = e_.fabric().accelerator().memory();
    std::string batch = "no batch";
    if (const auto* held = e_.held_train_batch()) {
      batch = text("a batch of ", cuda::BatchShapes(*held));
    }
    return text("lt[E895] out of memory on device ", e_.fabric().accelerator().index(), " in `",
                enum_name(e_.state().fn), "`, step ", e_.state().global_step(), ", on ", batch,
                ": ", memory.allocated, " bytes were in tensors (at most ", memory.peak_allocated,
                "), ", memory.reserved, " taken from the device (", what.substr(0, what.find('\n')),
                "); expected smaller batches, with accumulate_grad_batches for the same step, or a "
                "precision of 16 bits");
  }

  // The first error reaches the caller; a further one is said, and nothing is left out for it.
  template <class F>
  void quietly(F&& f) {
    try {
      f();
    } catch (const std::exception& further) {
      e_.messages().warn("W035", text("while a run ended by an error: ", further.what()));
    }
  }

  void fail(const std::exception& exception) {
    e_.state().status = Status::interrupted;
    quietly([&] { e_.template call_callbacks<hook::on_exception>(exception); });
    if (e_.has_data_module()) {
      quietly([&] { e_.template call_data<hook::on_exception>(exception); });
    }
    e_.finish_checkpoints_quietly();
    e_.finalize_loggers_quietly();
    quietly([&] { tear_down(); });
    // The run is over: the kind of its error is asked for once.
    if (dynamic_cast<const Interrupted*>(&exception) != nullptr) {
      e_.metrics().refresh();  // what was logged last can be read after an interrupt
    }
    e_.state().stage = Stage::none;
  }

  // -- checks that types cannot make ----------------------------------------------------------------
  void check_configuration() {
    const TrainerOptions& o = e_.options();
    const RunFn fn = e_.state().fn;
    if (fn == RunFn::fit) {
      require_hook<hook::training_step>();
      require_hook<hook::configure_optimizers>();
      const bool has_loader = e_.template offers<hook::val_dataloader>();
      const bool has_step = e_.template model_has<hook::validation_step>();
      if (has_loader && !has_step) {
        e_.messages().warn("W012", "there is a validation loader, but the model has no "
                                   "validation_step: validation is skipped");
      }
      if (!e_.state().automatic_optimization && o.gradient_clip_val.value_or(0.0) > 0.0) {
        throw ConfigError(text("lt[E191] gradient_clip_val = ", o.gradient_clip_val,
                               " needs automatic optimization; call clip_gradients in the step"));
      }
      if (!e_.state().automatic_optimization && o.accumulate_grad_batches != 1) {
        throw ConfigError(text("lt[E192] accumulate_grad_batches = ", o.accumulate_grad_batches,
                               " needs automatic optimization; accumulate in the step"));
      }
    } else if (fn == RunFn::validate) {
      require_hook<hook::validation_step>();
    } else if (fn == RunFn::test) {
      require_hook<hook::test_step>();
    }
  }
  template <class H>
  void require_hook() {
    if (!e_.template model_has<H>()) {
      throw ConfigError(text("lt[E193] ", enum_name(e_.state().fn), " needs a model with ",
                             hook_info(H::id).name));
    }
  }

  Engine& e_;
};

}  // namespace lt
