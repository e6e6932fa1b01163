// SPDX-License-Identifier: Apache-2.0
// A callback that notes every hook (suite/README.md, "Callbacks").
#pragma once

#include "recorder.hpp"
#include "script.hpp"
#include "values.hpp"

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/run_view.hpp"
#include "lt/tensor.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace conformance {

/// What a probe, and the data module, keep in checkpoints.
struct BatchCounter {
  std::int64_t batches = 0;
};

class Probe {
 public:
  Probe(Recorder& recorder, std::string on, const Json& spec, const Json& actions);

  // -- set-up and end -----------------------------------------------------------------------------
  void setup(lt::RunView& run, lt::RunFn stage) {
    note(run, "setup", {{"arg", lt::enum_name(stage)}});
  }
  void teardown(lt::RunView& run, lt::RunFn stage) {
    note(run, "teardown", {{"arg", lt::enum_name(stage)}});
  }
  void on_exception(lt::RunView& run, const std::exception& exception);
  void on_fit_start(lt::RunView& run) { note(run, "on_fit_start"); }
  void on_fit_end(lt::RunView& run) { note(run, "on_fit_end"); }
  void on_sanity_check_start(lt::RunView& run) { note(run, "on_sanity_check_start"); }
  void on_sanity_check_end(lt::RunView& run) { note(run, "on_sanity_check_end"); }

  // -- training -----------------------------------------------------------------------------------
  void on_train_start(lt::RunView& run) { note(run, "on_train_start"); }
  void on_train_end(lt::RunView& run) { note(run, "on_train_end"); }
  void on_train_epoch_start(lt::RunView& run) { note(run, "on_train_epoch_start"); }
  void on_train_epoch_end(lt::RunView& run) { note(run, "on_train_epoch_end"); }
  void on_train_batch_start(lt::RunView& run, const auto&, std::int64_t batch_idx) {
    note(run, "on_train_batch_start", batch_info(batch_idx), batch_idx);
  }
  void on_train_batch_end(lt::RunView& run, const auto&, const auto&, std::int64_t batch_idx) {
    ++state_.batches;
    note(run, "on_train_batch_end", batch_info(batch_idx), batch_idx);
  }

  // -- optimization -------------------------------------------------------------------------------
  void on_before_zero_grad(lt::RunView& run, auto& optimizer) {
    note(run, "on_before_zero_grad", {{"opt", optimizer.index()}});
  }
  void on_before_backward(lt::RunView& run, const lt::Tensor&) { note(run, "on_before_backward"); }
  void on_after_backward(lt::RunView& run) { note(run, "on_after_backward"); }
  void on_before_optimizer_step(lt::RunView& run, auto& optimizer) {
    note(run, "on_before_optimizer_step", {{"opt", optimizer.index()}});
  }

  // -- evaluation ---------------------------------------------------------------------------------
  void on_validation_start(lt::RunView& run) { note(run, "on_validation_start"); }
  void on_validation_end(lt::RunView& run) { note(run, "on_validation_end"); }
  void on_validation_epoch_start(lt::RunView& run) { note(run, "on_validation_epoch_start"); }
  void on_validation_epoch_end(lt::RunView& run) { note(run, "on_validation_epoch_end"); }
  void on_test_start(lt::RunView& run) { note(run, "on_test_start"); }
  void on_test_end(lt::RunView& run) { note(run, "on_test_end"); }
  void on_test_epoch_start(lt::RunView& run) { note(run, "on_test_epoch_start"); }
  void on_test_epoch_end(lt::RunView& run) { note(run, "on_test_epoch_end"); }
  void on_predict_start(lt::RunView& run) { note(run, "on_predict_start"); }
  void on_predict_end(lt::RunView& run) { note(run, "on_predict_end"); }
  void on_predict_epoch_start(lt::RunView& run) { note(run, "on_predict_epoch_start"); }
  void on_predict_epoch_end(lt::RunView& run) { note(run, "on_predict_epoch_end"); }

  void on_validation_batch_start(lt::RunView& run, const auto&, std::int64_t batch_idx,
                                 std::int64_t loader) {
    note_batch(run, "on_validation_batch_start", batch_idx, loader, recorder_->several.val);
  }
  void on_validation_batch_end(lt::RunView& run, const auto&, const auto&, std::int64_t batch_idx,
                               std::int64_t loader) {
    note_batch(run, "on_validation_batch_end", batch_idx, loader, recorder_->several.val);
  }
  void on_test_batch_start(lt::RunView& run, const auto&, std::int64_t batch_idx,
                           std::int64_t loader) {
    note_batch(run, "on_test_batch_start", batch_idx, loader, recorder_->several.test);
  }
  void on_test_batch_end(lt::RunView& run, const auto&, const auto&, std::int64_t batch_idx,
                         std::int64_t loader) {
    note_batch(run, "on_test_batch_end", batch_idx, loader, recorder_->several.test);
  }
  void on_predict_batch_start(lt::RunView& run, const auto&, std::int64_t batch_idx,
                              std::int64_t loader) {
    note_batch(run, "on_predict_batch_start", batch_idx, loader, recorder_->several.predict);
  }
  void on_predict_batch_end(lt::RunView& run, const auto&, const auto&, std::int64_t batch_idx,
                            std::int64_t loader) {
    note_batch(run, "on_predict_batch_end", batch_idx, loader, recorder_->several.predict);
  }

  // -- checkpoints --------------------------------------------------------------------------------
  void on_save_checkpoint(lt::RunView& run, lt::Checkpoint& checkpoint);
  void on_load_checkpoint(lt::RunView& run, lt::Checkpoint& checkpoint);
  std::string state_key() const { return "Probe[" + on_ + "]"; }
  BatchCounter state_dict() const {
    recorder_->event("state_dict", on_, {{"state", {{"batches", state_.batches}}}});
    return state_;
  }
  void load_state_dict(const BatchCounter& state) {
    recorder_->event("load_state_dict", on_, {{"state", {{"batches", state.batches}}}});
    state_ = state;
  }

 private:
  /// Notes the event, takes a snapshot, carries out the actions, writes the log entries.
  void note(lt::RunView& run, std::string_view hook, const Json& info = Json::object(),
            std::optional<std::int64_t> batch_idx = {},
            std::optional<std::int64_t> dataloader_idx = {});
  void note_batch(lt::RunView& run, std::string_view hook, std::int64_t batch_idx,
                  std::int64_t loader, bool several);

  Recorder* recorder_;
  std::string on_;
  Script script_;
  std::set<std::string, std::less<>> snapshot_hooks_;
  BatchCounter state_;
};

/// The same, but it counts as a callback that saves checkpoints.
class ProbeCheckpoint : public Probe {
 public:
  static constexpr lt::CallbackOrder order = lt::CallbackOrder::checkpoint;
  using Probe::Probe;
};

}  // namespace conformance

LT_REFLECT(conformance::BatchCounter, (batches, "batches seen"))
