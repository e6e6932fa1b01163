// SPDX-License-Identifier: Apache-2.0
// The callbacks and loggers of a case, chosen at run time.
#pragma once

#include "probe.hpp"
#include "recorder.hpp"
#include "recording_logger.hpp"
#include "values.hpp"

#include "lt/core/part_list.hpp"
#include "lt/policies/callback/backbone_finetuning.hpp"
#include "lt/policies/callback/early_stopping.hpp"
#include "lt/policies/callback/ema_weight_averaging.hpp"
#include "lt/policies/callback/gradient_accumulation_scheduler.hpp"
#include "lt/policies/callback/learning_rate_monitor.hpp"
#include "lt/policies/callback/model_checkpoint.hpp"
#include "lt/policies/callback/on_exception_checkpoint.hpp"
#include "lt/policies/callback/prediction_writer.hpp"
#include "lt/policies/callback/stochastic_weight_averaging.hpp"
#include "lt/policies/callback/timer.hpp"
#include "lt/policies/callback/weight_averaging.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace conformance {

/// Notes what it is asked to write.
struct RecordingWriter {
  Recorder* recorder;
  std::string on;

  void write_on_batch_end(auto&, const auto&, const lt::BatchIndices& indices, const auto&,
                          std::int64_t batch_idx, std::int64_t dataloader_idx) {
    Json info = batch_info(batch_idx, dataloader_idx);
    info["indices"] = indices;
    recorder->event("write_on_batch_end", on, info);
  }
  void write_on_epoch_end(auto&, const auto&, const lt::EpochIndices& indices) {
    recorder->event("write_on_epoch_end", on, {{"indices", indices}});
  }
};

using Parts = lt::PartList<Probe, ProbeCheckpoint, lt::EarlyStopping, lt::ModelCheckpoint,
                           lt::OnExceptionCheckpoint, lt::GradientAccumulationScheduler,
                           lt::LearningRateMonitor, lt::PredictionWriter<RecordingWriter>,
                           lt::Timer, lt::StochasticWeightAveraging, lt::WeightAveraging,
                           lt::EMAWeightAveraging, lt::BackboneFinetuning, RecordingLogger>;
/// What configure_callbacks returns: of the same type, so that it can replace those of the trainer.
using PartsOfModel = Parts;

/// The name of a callback in a trace (`callback:0`) and where it is.
struct Label {
  std::string on;
  const void* part = nullptr;
  std::optional<Json> state{};  // of a callback that has been replaced: the last that was seen
};

/// Appends the callback that `spec` describes, named `on`, and returns where it is.
/// Errors: what its options throw; Unsupported.
const void* add_callback(Parts& parts, const Json& spec, const std::string& on, Recorder& recorder,
                         const Json& actions);

/// Makes the callbacks that `specs` describes, named `prefix` and their index.
/// Errors: what their options throw; Unsupported.
Parts make_callbacks(const Json& specs, const std::string& prefix, Recorder& recorder,
                     const Json& actions, std::vector<Label>& labels);

/// How many loggers a run has.
std::int64_t logger_count(const Json& trainer);
/// Adds the loggers of a run.
void add_loggers(Parts& parts, Recorder& recorder, const Json& trainer);

/// What is publicly known about a callback after a call; nothing for most.
template <class P>
std::optional<Json> state_of(const P&, const std::string&, const Recorder&) {
  return std::nullopt;
}
std::optional<Json> state_of(const lt::ModelCheckpoint& callback, const std::string& on,
                             const Recorder& recorder);
std::optional<Json> state_of(const lt::EarlyStopping& callback, const std::string& on,
                             const Recorder& recorder);
std::optional<Json> state_of(const lt::StochasticWeightAveraging& callback, const std::string& on,
                             const Recorder& recorder);
std::optional<Json> state_of(const lt::WeightAveraging& callback, const std::string& on,
                             const Recorder& recorder);
std::optional<Json> state_of(const lt::EMAWeightAveraging& callback, const std::string& on,
                             const Recorder& recorder);
std::optional<Json> state_of(const lt::LearningRateMonitor& callback, const std::string& on,
                             const Recorder& recorder);

}  // namespace conformance
