// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "data_module.hpp"
#include "errors.hpp"
#include "module.hpp"
#include "options.hpp"
#include "parts.hpp"
#include "recorder.hpp"
#include "recording_io.hpp"

#include "lt/trainer.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conformance {

namespace fs = std::filesystem;

namespace {

using Trainer = lt::Trainer<ConformanceModule, ConformanceData, lt::strategy::SingleDevice,
                            lt::accelerator::Cpu, lt::precision::F32, Parts, RecordingIo>;

// -- what a case asks for
// -----------------------------------------------------------------------------

// The first run, and one per entry of `resume`.
std::vector<Json> runs_of(const Json& the_case) {
  Json first;
  for (const char* key : {"trainer", "model", "data"}) {
    first[key] = the_case.value(key, Json::object());
  }
  first["entry"] = the_case.at("entry");
  for (const char* key : {"callbacks", "actions"}) {
    first[key] = the_case.value(key, Json::array());
  }
  std::vector<Json> out{first};
  for (const Json& override_ : the_case.value("resume", Json::array())) {
    Json run = first;
    for (const char* key : {"trainer", "model", "data"}) {
      run[key].update(override_.value(key, Json::object()));
    }
    for (const char* key : {"entry", "callbacks", "actions", "ckpt_path"}) {
      if (override_.contains(key)) {
        run[key] = override_[key];
      }
    }
    out.push_back(std::move(run));
  }
  return out;
}

std::vector<Json> calls_of(const Json& run) {
  const Json& entry = run.at("entry");
  std::vector<Json> calls;
  for (const Json& call : entry.is_array() ? entry : Json::array({entry})) {
    calls.push_back(call.is_string() ? Json{{"call", call}} : call);
  }
  if (run.contains("ckpt_path")) {
    calls.front()["ckpt_path"] = run["ckpt_path"];
  }
  return calls;
}

Json error_json(const std::exception& exception) {
  const Described described = describe(exception);
  return {{"type", described.type}, {"gist", described.gist}};
}

// -- what is left after a call
// ------------------------------------------------------------------------

template <class F>
void for_each_submodule(torch::nn::Module& module, const std::string& prefix, F&& f) {
  for (const auto& child : module.named_children()) {
    const std::string name = prefix.empty() ? child.key() : prefix + "." + child.key();
    f(name, *child.value());
    for_each_submodule(*child.value(), name, f);
  }
}

Json weights_of(const torch::nn::Module& module) {
  Json out = Json::object();
  for (const auto& item : module.named_parameters()) {
    out[item.key()] = dump_tensor(item.value());
  }
  for (const auto& item : module.named_buffers()) {
    out[item.key()] = dump_tensor(item.value());
  }
  return out;
}

// All files below the root directory; a link is shown as "name -> target".
std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).generic_string();
    if (entry.is_symlink()) {
      out.push_back(name + " -> " + fs::read_symlink(entry.path()).generic_string());
    } else if (entry.is_regular_file()) {
      out.push_back(name);
    }
  }
  std::ranges::sort(out);
  return out;
}

Json checkpoint_files(const fs::path& root) {
  Json out = Json::array();
  for (const std::string& name : files_below(root)) {
    if (name.find(" -> ") != std::string::npos) {
      continue;
    }
    const lt::Checkpoint checkpoint = lt::checkpoint_io::Binary().load_checkpoint(root / name);
    const auto count = [&](const char* key) {
      const auto* part = checkpoint.find(key);
      return part != nullptr ? Json(part->size()) : Json(nullptr);
    };
    std::vector<std::string> hyper_parameters;
    if (const auto* values = checkpoint.find("hyper_parameters")) {
      for (const auto& entry : values->dict()) {
        hyper_parameters.push_back(lt::text(entry.key));
      }
    }
    std::ranges::sort(hyper_parameters);
    Json state = Json::object();
    for (const auto& entry : checkpoint.at("state_dict").dict()) {
      state[lt::text(entry.key)] = dump_tensor(entry.value.as<at::Tensor>());
    }
    out.push_back({{"file", name},
                   {"epoch", checkpoint.get<std::int64_t>("epoch")},
                   {"global_step", checkpoint.get<std::int64_t>("global_step")},
                   {"optimizer_states", count("optimizer_states")},
                   {"lr_schedulers", count("lr_schedulers")},
                   {"callbacks", count("callbacks")},
                   {"hyper_parameters", hyper_parameters},
                   {"state_dict", state}});
  }
  return out;
}

Json prediction_json(const std::optional<lt::Tensor>& prediction) {
  return prediction ? dump_tensor(*prediction) : Json(nullptr);
}

// -- one run
// ------------------------------------------------------------------------------------------

/// One trainer and one module, and the calls made on them.
class Run {
 public:
  Run(Json spec, fs::path root, std::uint64_t seed)
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
    parts_ = make_callbacks(spec_["callbacks"], "callback:", recorder_, actions, labels_);
    Parts of_model = make_callbacks(spec_["model"].value("callbacks", Json::array()),
                                    "model_callback:", recorder_, actions, labels_);
    remember_states(parts_);
    remember_states(of_model);
    model_ = std::make_unique<ConformanceModule>(recorder_, spec_["model"], spec_["data"], actions,
                                                 std::move(of_model));
    data_ = std::make_unique<ConformanceData>(recorder_, spec_["data"], actions);
  }

  void make_trainer() {
    const Json& trainer = spec_["trainer"];
    if (const std::string precision = precision_of(trainer); precision != "32-true") {
      throw Unsupported("precision " + precision);
    }
    if (!trainer.value("barebones", false)) {
      add_loggers(parts_, recorder_, trainer);
    }
    trainer_ = std::make_unique<Trainer>(trainer_options(trainer, recorder_.root),
                                         std::move(parts_), RecordingIo(recorder_));
    trainer_->set_message_sink({});
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
    out["training_mode"] = Json::object();
    for_each_submodule(*model_, "", [&](const std::string& path, torch::nn::Module& module) {
      out["training_mode"][path] = module.is_training();
    });
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
    holder.for_each([&](auto& part) {
      if (Label* label = label_of(&part)) {
        label->state = state_of(part, label->on, recorder_);
      }
    });
  }

  Json callback_states() {
    remember_states(trainer_->engine().parts());
    remember_states(model_->callbacks());
    Json out = Json::array();
    for (const Label& label : labels_) {
      if (label.state) {
        out.push_back(*label.state);
      }
    }
    trainer_->engine().parts().for_each([&](auto& part) {
      const auto state = state_of(part, "default", recorder_);
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
  Parts parts_;
  std::unique_ptr<ConformanceModule> model_;
  std::unique_ptr<ConformanceData> data_;
  std::unique_ptr<Trainer> trainer_;  // last: it refers to the others
};

}  // namespace

Json record(const Json& the_case, const fs::path& root) {
  Json trace = {{"format", 1}, {"name", the_case.at("name")}};
  for (const char* key : {"tolerance", "static"}) {
    if (the_case.contains(key)) {
      trace[key] = the_case[key];
    }
  }
  trace["runs"] = Json::array();
  for (const Json& spec : runs_of(the_case)) {
    Run run(spec, root, the_case.value("seed", std::uint64_t{0}));
    trace["runs"].push_back(run.execute());
  }
  return trace;
}

}  // namespace conformance
