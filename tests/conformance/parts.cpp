// SPDX-License-Identifier: Apache-2.0
#include "parts.hpp"

#include "errors.hpp"
#include "read.hpp"

namespace conformance {

namespace {

lt::ModelCheckpoint make_model_checkpoint(const Json& spec, const Recorder& recorder) {
  lt::ModelCheckpointOptions options;
  read_fields(spec, options, {"name", "attributes", "dirpath"});
  if (spec.contains("dirpath") && !spec["dirpath"].is_null()) {
    options.dirpath = (recorder.root / spec["dirpath"].get<std::string>()).string();
  }
  lt::ModelCheckpoint callback(std::move(options));
  const Json attributes = spec.value("attributes", Json::object());
  for (const auto& [name, value] : attributes.items()) {
    if (name == "STARTING_VERSION") {
      callback.STARTING_VERSION = value.get<std::int64_t>();
    } else if (name == "CHECKPOINT_JOIN_CHAR") {
      callback.CHECKPOINT_JOIN_CHAR = value.get<std::string>();
    } else if (name == "CHECKPOINT_EQUALS_CHAR") {
      callback.CHECKPOINT_EQUALS_CHAR = value.get<std::string>();
    } else if (name == "CHECKPOINT_NAME_LAST") {
      callback.CHECKPOINT_NAME_LAST = value.get<std::string>();
    } else if (name == "FILE_EXTENSION") {
      callback.FILE_EXTENSION = value.get<std::string>();
    } else {
      throw Unsupported("ModelCheckpoint." + name);
    }
  }
  return callback;
}

lt::OnExceptionCheckpoint make_on_exception_checkpoint(const Json& spec,
                                                       const Recorder& recorder) {
  lt::OnExceptionCheckpointOptions options;
  read_fields(spec, options, {"name", "dirpath"});
  options.dirpath = (recorder.root / spec.at("dirpath").get<std::string>()).string();
  return lt::OnExceptionCheckpoint(std::move(options));
}

lt::GradientAccumulationScheduler make_accumulation(const Json& spec) {
  lt::GradientAccumulationSchedulerOptions options;
  for (const auto& [epoch, factor] : spec.at("scheduling").items()) {
    options.scheduling.push_back({std::stoll(epoch), factor.get<std::int64_t>()});
  }
  return lt::GradientAccumulationScheduler(std::move(options));
}

lt::PredictionWriter<RecordingWriter> make_writer(const Json& spec, const std::string& on,
                                                  Recorder& recorder) {
  lt::PredictionWriterOptions options;
  read(spec.at("interval"), options.write_interval);
  return lt::PredictionWriter<RecordingWriter>({&recorder, on}, options);
}

lt::BackboneFinetuning make_finetuning(const Json& spec) {
  lt::BackboneFinetuningOptions options;
  read_fields(spec, options, {"name", "multiplier"});
  return lt::BackboneFinetuning(
      options, [factor = spec.value("multiplier", 2.0)](std::int64_t) { return factor; });
}

/// What the averaging callbacks tell of themselves.
template <class P>
Json averaging_state(const P& callback, const std::string& on) {
  const auto n = callback.n_averaged();
  return Json{{"on", on}, {"name", P::name}, {"n_averaged", n ? Json(*n) : Json(nullptr)}};
}

template <class P>
P make_callback(const Json& spec) {
  typename P::Options options;
  read_fields(spec, options, {"name"});
  return P(std::move(options));
}

}  // namespace

const void* add_callback(Parts& parts, const Json& spec, const std::string& on, Recorder& recorder,
                         const Json& actions) {
  const auto name = spec.at("name").get<std::string>();
  if (name == "Probe") {
    return &parts.add(Probe(recorder, on, spec, actions));
  }
  if (name == "ProbeCheckpoint") {
    return &parts.add(ProbeCheckpoint(recorder, on, spec, actions));
  }
  if (name == "ModelCheckpoint") {
    return &parts.add(make_model_checkpoint(spec, recorder));
  }
  if (name == "EarlyStopping") {
    return &parts.add(make_callback<lt::EarlyStopping>(spec));
  }
  if (name == "OnExceptionCheckpoint") {
    return &parts.add(make_on_exception_checkpoint(spec, recorder));
  }
  if (name == "GradientAccumulationScheduler") {
    return &parts.add(make_accumulation(spec));
  }
  if (name == "LearningRateMonitor") {
    return &parts.add(make_callback<lt::LearningRateMonitor>(spec));
  }
  if (name == "PredictionWriter") {
    return &parts.add(make_writer(spec, on, recorder));
  }
  if (name == "Timer") {
    return &parts.add(make_callback<lt::Timer>(spec));
  }
  if (name == "StochasticWeightAveraging") {
    return &parts.add(make_callback<lt::StochasticWeightAveraging>(spec));
  }
  if (name == "WeightAveraging") {
    return &parts.add(make_callback<lt::WeightAveraging>(spec));
  }
  if (name == "EMAWeightAveraging") {
    return &parts.add(make_callback<lt::EMAWeightAveraging>(spec));
  }
  if (name == "BackboneFinetuning") {
    return &parts.add(make_finetuning(spec));
  }
  throw Unsupported("callback " + name);
}

Parts make_callbacks(const Json& specs, const std::string& prefix, Recorder& recorder,
                     const Json& actions, std::vector<Label>& labels) {
  Parts parts;
  std::size_t index = 0;
  for (const Json& spec : specs) {
    const std::string on = prefix + std::to_string(index++);
    labels.push_back({on, add_callback(parts, spec, on, recorder, actions)});
  }
  return parts;
}

std::int64_t logger_count(const Json& trainer) {
  if (trainer.value("barebones", false)) {
    return 0;
  }
  const Json wanted = trainer.value("logger", Json(true));
  return wanted.is_boolean() ? std::int64_t{wanted.get<bool>()} : wanted.get<std::int64_t>();
}

void add_loggers(Parts& parts, Recorder& recorder, const Json& trainer) {
  const Json version = trainer.value("logger_version", Json(0));
  for (std::int64_t i = 0; i < logger_count(trainer); ++i) {
    parts.add(RecordingLogger(recorder, i, version));
  }
}

std::optional<Json> state_of(const lt::ModelCheckpoint& callback, const std::string& on,
                             const Recorder& recorder) {
  Json best = Json::object();
  for (const auto& [path, score] : callback.best_k_models()) {
    best[recorder.relative(path)] = number(score.value);
  }
  return Json{{"on", on},
              {"name", "ModelCheckpoint"},
              {"best_model_path", recorder.relative(callback.best_model_path())},
              {"best_model_score", number(callback.best_model_score())},
              {"last_model_path", recorder.relative(callback.last_model_path())},
              {"current_score", number(callback.current_score())},
              {"kth_best_model_path", recorder.relative(callback.kth_best_model_path())},
              {"kth_value", number(callback.kth_value())},
              {"best_k_models", best}};
}

std::optional<Json> state_of(const lt::EarlyStopping& callback, const std::string& on,
                             const Recorder&) {
  return Json{{"on", on},
              {"name", "EarlyStopping"},
              {"wait_count", callback.wait_count()},
              {"stopped_epoch", callback.stopped_epoch()},
              {"best_score", number(callback.best_score())},
              {"stopping_reason", lt::enum_name(callback.stopping_reason())}};
}

std::optional<Json> state_of(const lt::StochasticWeightAveraging& callback, const std::string& on,
                             const Recorder&) {
  return averaging_state(callback, on);
}

std::optional<Json> state_of(const lt::WeightAveraging& callback, const std::string& on,
                             const Recorder&) {
  return averaging_state(callback, on);
}

std::optional<Json> state_of(const lt::EMAWeightAveraging& callback, const std::string& on,
                             const Recorder&) {
  return averaging_state(callback, on);
}

std::optional<Json> state_of(const lt::LearningRateMonitor& callback, const std::string& on,
                             const Recorder&) {
  Json lrs = Json::object();
  for (const auto& [name, values] : callback.lrs()) {
    lrs[name] = Json::array();
    for (const double value : values) {
      lrs[name].push_back(number(value));
    }
  }
  return Json{{"on", on}, {"name", "LearningRateMonitor"}, {"lrs", lrs}};
}

}  // namespace conformance
