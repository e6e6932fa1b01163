// SPDX-License-Identifier: Apache-2.0
// The data of a case. It stands for a data module, for loaders that are given to the call, or for
// no data at all (where the model has the loaders): which of its hooks are there is chosen at run
// time.
#pragma once

#include "errors.hpp"
#include "loaders.hpp"
#include "probe.hpp"
#include "recorder.hpp"
#include "script.hpp"
#include "values.hpp"

#include "lt/core/hooks.hpp"
#include "lt/core/run_state.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace conformance {

class ConformanceData {
 public:
  ConformanceData(Recorder& recorder, const Json& spec, const Json& actions)
      : recorder_(&recorder),
        spec_(spec),
        source_(spec.value("source", std::string("loaders"))),
        script_(recorder, "datamodule", Json::array(), actions) {}

  bool has_hook(lt::HookId id) const {
    const std::string_view name = lt::hook_info(id).name;
    if (source_ == "module") {
      return false;
    }
    if (name.ends_with("_dataloader")) {
      return has_loaders(spec_, name.substr(0, name.find('_')));
    }
    const bool transfers = !name.ends_with("batch_transfer") && name != "transfer_batch_to_device";
    return source_ == "datamodule" && (transfers || spec_.value("datamodule_transfers", true));
  }
  /// Only a data module has a state.
  bool has_state() const { return source_ == "datamodule"; }

  void prepare_data() { note("prepare_data"); }
  void setup(lt::RunFn stage) { note("setup", {{"arg", lt::enum_name(stage)}}); }
  void teardown(lt::RunFn stage) { note("teardown", {{"arg", lt::enum_name(stage)}}); }
  void on_exception(const std::exception& exception) {
    recorder_->event("on_exception", "datamodule", {{"exception", type_in_hook(exception)}});
  }

  Loader train_dataloader() {
    note_loader("train_dataloader");
    return make_train_loader(spec_);
  }
  EvalLoaders val_dataloader() {
    note_loader("val_dataloader");
    return make_eval_loaders(spec_, "val");
  }
  EvalLoaders test_dataloader() {
    note_loader("test_dataloader");
    return make_eval_loaders(spec_, "test");
  }
  EvalLoaders predict_dataloader() {
    note_loader("predict_dataloader");
    return make_eval_loaders(spec_, "predict");
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
    ++state_.batches;
    return batch;
  }

  BatchCounter state_dict() const {
    recorder_->event("state_dict", "datamodule", {{"state", {{"batches", state_.batches}}}});
    return state_;
  }
  void load_state_dict(const BatchCounter& state) {
    recorder_->event("load_state_dict", "datamodule", {{"state", {{"batches", state.batches}}}});
    state_ = state;
  }

 private:
  void note(std::string_view hook, const Json& info = Json::object()) {
    recorder_->event(hook, "datamodule", info);
    script_.act(hook);
  }
  void note_loader(std::string_view hook) {
    if (source_ == "datamodule") {
      note(hook);
    }
  }

  Recorder* recorder_;
  Json spec_;
  std::string source_;
  Script script_;
  BatchCounter state_;
};

}  // namespace conformance
