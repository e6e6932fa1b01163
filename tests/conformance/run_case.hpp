// SPDX-License-Identifier: Apache-2.0
// Runs a case on any type of trainer.
#pragma once

#include "data_module.hpp"
#include "errors.hpp"
#include "module.hpp"
#include "options.hpp"
#include "parts.hpp"
#include "recorder.hpp"
#include "recording_io.hpp"
#include "report.hpp"

#include "lt/trainer.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace conformance {

/// The trainer with that precision, `Module` and, among its parts, `Ps`.
template <class Precision, class Module, class... Ps>
using TrainerWith = lt::Trainer<Module, ConformanceData, lt::strategy::SingleDevice,
                                lt::accelerator::Cpu, Precision, Ps..., RecordingIo>;
template <class Module, class... Ps>
using TrainerOf = TrainerWith<lt::precision::F32, Module, Ps...>;

/// Calls `f` with each part of a tuple, a PartList or a trainer's set.
template <class Holder, class F>
void for_each_part(Holder& holder, F f) {
  if constexpr (requires { holder.for_each(f); }) {
    holder.for_each(f);
  } else {
    std::apply([&](auto&... part) { (f(part), ...); }, holder);
  }
}

/// A part as the case names it; static_kit.hpp adds the second of its type.
template <class P>
const P& as_made(const P& part) {
  return part;
}

/// One trainer and one module, and the calls made on them. `Kit` says which types they have and
/// makes the callbacks (run.cpp, static_kit.hpp):
///   Module, Trainer
///   Callbacks, CallbacksOfModel   PartList or tuple
///   static Callbacks make_callbacks(specs, recorder, actions, labels)
///   static CallbacksOfModel make_callbacks_of_model(specs, recorder, actions, labels)
///   static std::unique_ptr<Trainer> make_trainer(options, callbacks, spec, recorder)
///   static void find_parts(trainer, labels)   enters where the callbacks are by now
template <class Kit>
class Run {
 public:
  Run(Json spec, std::filesystem::path root, std::uint64_t seed)
      : spec_(std::move(spec)), seed_(seed), recorder_(std::move(root)) {
    const Json& data = spec_["data"];
    recorder_.several = {several_in_turn(data, "val"), several_in_turn(data, "test"),
                         several_in_turn(data, "predict")};
  }

  Json execute() {
    Json out = {{"error", nullptr}, {"calls", Json::array()}};
    const char* where = "callbacks";
    try {
      make_callbacks_of_run();
      where = "trainer";
      make_trainer();
    } catch (const Unsupported&) {
      throw;
    } catch (const std::exception& exception) {
      out["error"] = {{"where", where}};
      out["error"].update(error_json(exception));
      return out;
    }
    for (const Json& call : calls_of(spec_)) {
      out["calls"].push_back(make_call(call));
      if (!out["calls"].back()["error"].is_null()) {
        break;
      }
    }
    out["checkpoint_files"] = checkpoint_files(recorder_.root);
    return out;
  }

 private:
  void make_callbacks_of_run() {
    const Json& actions = spec_["actions"];
    callbacks_.emplace(Kit::make_callbacks(spec_["callbacks"], recorder_, actions, labels_));
    model_ = std::make_unique<typename Kit::Module>(
        recorder_, spec_["model"], spec_["data"], actions,
        Kit::make_callbacks_of_model(spec_["model"].value("callbacks", Json::array()), recorder_,
                                     actions, labels_));
    data_ = std::make_unique<ConformanceData>(recorder_, spec_["data"], actions);
  }

  void make_trainer() {
    const Json& trainer = spec_["trainer"];
    using Fabric = std::remove_cvref_t<decltype(trainer_->engine().fabric())>;
    if (const std::string precision = precision_of(trainer);
        precision != Fabric::precision_type::name) {
      throw Unsupported("precision " + precision);
    }
    trainer_ = Kit::make_trainer(trainer_options(trainer, recorder_.root), std::move(*callbacks_),
                                 trainer, recorder_);
    trainer_->set_message_sink({});
    remember_states();
    recorder_.run = &trainer_->engine().context();
    recorder_.estimated = [this] { return trainer_->estimated_stepping_batches(); };
  }

  Json make_call(const Json& call) {
    recorder_.begin();
    torch::manual_seed(seed_);
    Json result;
    Json error;
    try {
      result = result_of(call);
    } catch (const Unsupported&) {
      throw;
    } catch (const std::exception& exception) {
      error = error_json(exception);
    }
    return report(call.at("call").get<std::string>(), result, error);
  }

  Json result_of(const Json& call) {
    const auto name = call.at("call").get<std::string>();
    lt::RunOptions options;
    if (const auto path = call.value("ckpt_path", Json()); path.is_string()) {
      const auto text = path.get<std::string>();
      options.ckpt_path =
          text == "best" || text == "last" ? text : (recorder_.root / text).string();
    }
    const bool with_model = call.value("pass_model", true);
    if (name == "fit") {
      if (!with_model) {
        throw Unsupported("fit without a model");
      }
      trainer_->fit(*model_, *data_, options);
      return nullptr;
    }
    if (name == "predict") {
      return predictions(call, options, with_model);
    }
    const auto tables = name == "validate"
                            ? (with_model ? trainer_->validate(*model_, *data_, options)
                                          : trainer_->validate(*data_, options))
                            : (with_model ? trainer_->test(*model_, *data_, options)
                                          : trainer_->test(*data_, options));
    Json out = Json::array();
    for (const lt::MetricTable& table : tables) {
      out.push_back(metrics(table));
    }
    return out;
  }

  Json predictions(const Json& call, const lt::RunOptions& options, bool with_model) {
    const Json wanted = call.value("return_predictions", Json());
    const bool keep = wanted.is_null() || wanted.get<bool>();
    const auto found = with_model ? trainer_->predict(*model_, *data_, options, keep)
                                  : trainer_->predict(*data_, options, keep);
    if (!found) {
      return nullptr;
    }
    Json out = Json::array();
    for (const auto& loader : *found) {
      Json batches = Json::array();
      for (const auto& prediction : loader) {
        batches.push_back(prediction_json(prediction));
      }
      out.push_back(std::move(batches));
    }
    return out.size() == 1 ? out[0] : out;
  }

  Json report(const std::string& name, const Json& result, const Json& error) {
    const lt::RunState& state = trainer_->state();
    const bool is_fit = name == "fit";
    const bool stopped = is_fit && state.stop_reason != lt::StopReason::none;
    Json out;
    out["call"] = name;
    out["error"] = error;
    out["result"] = result;
    out["stop"] = stopped ? Json(lt::enum_name(state.stop_reason)) : Json(nullptr);
    out["state"] = {{"epoch", state.current_epoch()},
                    {"global_step", state.global_step()},
                    {"should_stop", state.should_stop},
                    {"status", lt::enum_name(state.status)}};
    out["plan"] = recorder_.plan;
    out["events"] = recorder_.events;
    out["steps"] = recorder_.steps;
    out["train_outputs"] = recorder_.train_outputs;
    out["logged"] = recorder_.logged;
    out["snapshots"] = recorder_.snapshots;
    out["callback_metrics"] = metrics(trainer_->callback_metrics());
    out["progress_bar_metrics"] = metrics(trainer_->progress_bar_metrics());
    out["logged_metrics"] = metrics(trainer_->logged_metrics());
    out["optimizer_steps"] = Json::array();
    for (const auto& count : model_->optimizer_steps) {
      out["optimizer_steps"].push_back(*count);
    }
    out["lr"] = is_fit && model_->in_run() ? model_->learning_rates() : Json::array();
    out["weights"] = weights_of(*model_);
    out["training_mode"] = training_modes(*model_);
    out["requires_grad"] = Json::object();
    for (const auto& item : model_->named_parameters()) {
      out["requires_grad"][item.key()] = item.value().requires_grad();
    }
    out["callbacks"] = callback_states();
    out["files"] = files_below(recorder_.root);
    return out;
  }

  // -- states of callbacks ------------------------------------------------------------------------
  Label* label_of(const void* part) {
    const auto found = std::ranges::find(labels_, part, &Label::part);
    return found == labels_.end() ? nullptr : &*found;
  }

  template <class Holder>
  void remember_states(Holder& holder) {
    for_each_part(holder, [&](auto& part) {
      if (Label* label = label_of(&part)) {
        label->state = state_of(as_made(part), label->on, recorder_);
      }
    });
  }

  void remember_states() {
    Kit::find_parts(*trainer_, labels_);
    remember_states(trainer_->engine().parts());
    if (auto* callbacks = model_->callbacks()) {
      remember_states(*callbacks);
    }
  }

  Json callback_states() {
    remember_states();
    Json out = Json::array();
    for (const Label& label : labels_) {
      if (label.state) {
        out.push_back(*label.state);
      }
    }
    trainer_->engine().parts().for_each([&](auto& part) {
      const auto state = state_of(as_made(part), "default", recorder_);
      if (state && label_of(&part) == nullptr) {
        out.push_back(*state);
      }
    });
    return out;
  }

  Json spec_;
  std::uint64_t seed_;
  Recorder recorder_;
  std::vector<Label> labels_;
  std::optional<typename Kit::Callbacks> callbacks_;
  std::unique_ptr<typename Kit::Module> model_;
  std::unique_ptr<ConformanceData> data_;
  std::unique_ptr<typename Kit::Trainer> trainer_;  // last: it refers to the others
};

}  // namespace conformance
