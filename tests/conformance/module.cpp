// SPDX-License-Identifier: Apache-2.0
#include "module.hpp"

#include "errors.hpp"
#include "read.hpp"

#include <torch/torch.h>

#include <sstream>
#include <type_traits>
#include <variant>

namespace conformance {

namespace {

torch::nn::Module& submodule(torch::nn::Module& module, const std::string& path) {
  torch::nn::Module* found = &module;
  std::istringstream names(path);
  for (std::string name; std::getline(names, name, '.');) {
    found = found->named_children()[name].get();
  }
  return *found;
}

std::string_view grad_mode() {
  if (c10::InferenceMode::is_enabled()) {
    return "inference";
  }
  return torch::GradMode::is_enabled() ? "grad" : "no_grad";
}

lt::HyperValue hyper_value(const Json& json) {
  if (json.is_null()) {
    return {};
  }
  if (json.is_boolean()) {
    return {json.get<bool>()};
  }
  if (json.is_number_integer()) {
    return {json.get<std::int64_t>()};
  }
  if (json.is_number()) {
    return {json.get<double>()};
  }
  if (json.is_string()) {
    return {json.get<std::string>()};
  }
  throw Unsupported("hyper-parameter " + json.dump());
}

}  // namespace

ConformanceModule::ConformanceModule(Recorder& recorder, const Json& spec, const Json& data,
                                     const Json& actions)
    : recorder_(&recorder),
      spec_(spec),
      data_(data),
      manual_(spec.value("manual", Json::object())),
      script_(recorder, "module", spec.value("log", Json::array()), actions),
      network_(*this, spec) {
  automatic_optimization = spec.at("kind") != "manual";
  for (const Json& path : spec.value("eval_submodules", Json::array())) {
    submodule(*this, path.get<std::string>()).eval();
  }
  for (const Json& hook : spec.value("omit", Json::array())) {
    omitted_.insert(hook.get<std::string>());
  }
}

bool ConformanceModule::has_hook(lt::HookId id) const {
  const std::string_view name = lt::hook_info(id).name;
  if (name.ends_with("_dataloader")) {
    const std::string_view which = name.substr(0, name.find('_'));
    return data_.value("source", "loaders") == "module" && has_loaders(data_, which);
  }
  return !omitted_.contains(name);
}

CaseHparams ConformanceModule::hparams() const {
  CaseHparams out;
  const Json hparams = spec_.value("hparams", Json::object());
  for (const auto& [name, value] : hparams.items()) {
    out.values.push_back({name, hyper_value(value)});
  }
  return out;
}

// -- notes
// --------------------------------------------------------------------------------------------

Outcome ConformanceModule::note(std::string_view hook, const Json& info,
                                std::optional<std::int64_t> batch_idx,
                                std::optional<std::int64_t> dataloader_idx) {
  recorder_->event(hook, "module", info);
  const Outcome outcome = script_.act(hook, batch_idx);
  write_logs(hook, {{"batch_idx", static_cast<double>(batch_idx.value_or(0))},
                    {"dataloader_idx", static_cast<double>(dataloader_idx.value_or(0))}});
  return outcome;
}

void ConformanceModule::note_batch(std::string_view hook, std::int64_t batch_idx,
                                   std::int64_t loader, bool several) {
  note(hook, batch_info(batch_idx, several ? std::optional(loader) : std::nullopt), batch_idx,
       loader);
}

Outcome ConformanceModule::note_step_event(std::string_view hook, const Batch& batch,
                                           std::int64_t batch_idx,
                                           std::optional<std::int64_t> dataloader_idx) {
  Json info = batch_info(batch_idx, dataloader_idx);
  info["samples"] = batch.samples();
  info["mode"] = is_training() ? "train" : "eval";
  info["grad"] = grad_mode();
  recorder_->event(hook, "module", info);
  return script_.act(hook, batch_idx);
}

void ConformanceModule::write_logs(std::string_view hook, const LogValues& values) {
  script_.log(hook, values,
              [&](const std::string& name, const LogValue& value, const lt::LogOptions& options) {
                std::visit([&](const auto& v) { this->log(name, v, options); }, value);
              });
}

void ConformanceModule::note_step(std::int64_t batch_idx, const std::vector<lt::Tensor>& losses) {
  Json loss = Json::array();
  for (const lt::Tensor& value : losses) {
    loss.push_back(scalar(value));
  }
  recorder_->steps.push_back({{"epoch", run().current_epoch()},
                              {"batch_idx", batch_idx},
                              {"global_step", run().global_step()},
                              {"loss", loss},
                              {"lr", learning_rates()}});
}

Json ConformanceModule::learning_rates() {
  Json out = Json::array();
  for (const lt::GroupView& group : run().optimizer_groups()) {
    if (group.group == 0) {
      out.push_back(Json::array());
    }
    out.back().push_back(number(group.lr));
  }
  if (out.empty() && without_optimizer_) {
    out.push_back(Json::array());
  }
  return out;
}

void ConformanceModule::note_outputs(const StepResult& result, const lt::Tensor& loss,
                                     std::int64_t batch_idx) {
  Json entry = {{"batch_idx", batch_idx}, {"keys", Json::array()}};
  if (result) {
    for (const auto& item : *result) {
      entry["keys"].push_back(item.first);
    }
  }
  if (loss.defined()) {
    entry["loss"] = scalar(loss);
  }
  recorder_->train_outputs.push_back(std::move(entry));
}

void ConformanceModule::note_plan() {
  const lt::TrainerOptions& options = run().options();
  const lt::Plan& plan = run().state().plan;
  const std::int64_t sanity = options.num_sanity_val_steps.value_or(2);
  Json val = Json::array();
  Json sanity_val = Json::array();
  for (const lt::BatchCount count : plan.num_val_batches) {
    val.push_back(number(count));
    sanity_val.push_back(number(sanity == -1 ? count : std::min(count, lt::BatchCount(sanity))));
  }
  const auto optional = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  recorder_->plan = {{"num_training_batches", number(plan.num_training_batches)},
                     {"num_val_batches", val},
                     {"num_sanity_val_batches", sanity_val},
                     {"val_check_batch", number(plan.val_check_batch)},
                     {"min_epochs", plan.min_epochs},
                     {"max_epochs", plan.max_epochs},
                     {"min_steps", optional(options.min_steps)},
                     {"max_steps", options.max_steps},
                     {"log_every_n_steps", options.log_every_n_steps.value_or(50)},
                     {"accumulate_grad_batches", plan.accumulate_grad_batches},
                     {"estimated_stepping_batches", number(recorder_->estimated())}};
}

// -- steps
// --------------------------------------------------------------------------------------------

std::pair<lt::Tensor, lt::Tensor> ConformanceModule::losses(const Batch& batch) {
  lt::Tensor loss;
  lt::Tensor mae;
  for (const auto& part : batch.parts) {
    if (!part) {
      continue;
    }
    const lt::Tensor out = network_.forward(std::get<0>(*part));
    const lt::Tensor& y = std::get<1>(*part);
    const lt::Tensor this_loss = torch::mse_loss(out, y);
    const lt::Tensor error = (out.detach() - y).abs().mean();
    loss = loss.defined() ? loss + this_loss : this_loss;
    mae = mae.defined() ? mae + error : error;
  }
  return {loss, mae};
}

ConformanceModule::StepResult ConformanceModule::automatic_step(const Batch& batch,
                                                                std::int64_t batch_idx,
                                                                const Outcome& outcome) {
  auto [loss, mae] = losses(batch);
  if (outcome.scale) {
    loss = loss * *outcome.scale;
  }
  note_step(batch_idx, {loss});
  write_logs("training_step",
             {{"loss", loss}, {"mae", mae}, {"batch_idx", static_cast<double>(batch_idx)}});
  const auto returns = spec_.value("returns", std::string("tensor"));
  if (returns == "dict") {
    return {{{"loss", loss}, {"mae", mae.detach()}}};
  }
  if (returns == "dict_without_loss") {
    return {{{"mae", mae.detach()}}};
  }
  if (returns == "float") {
    throw CaseError("MisconfigurationException", "invalid_step_output");
  }
  return {{{"loss", loss}}};
}

lt::Tensor ConformanceModule::evaluate(std::string_view hook, const Batch& batch,
                                       std::int64_t batch_idx, std::int64_t dataloader_idx,
                                       bool several) {
  const Outcome outcome = note_step_event(hook, batch, batch_idx,
                                          several ? std::optional(dataloader_idx) : std::nullopt);
  auto [loss, mae] = losses(batch);
  if (outcome.scale) {
    loss = loss * *outcome.scale;
  }
  write_logs(hook, {{"loss", loss},
                    {"mae", mae},
                    {"batch_idx", static_cast<double>(batch_idx)},
                    {"dataloader_idx", static_cast<double>(several ? dataloader_idx : 0)}});
  return loss;
}

std::optional<lt::Tensor> ConformanceModule::predict_step(const Batch& batch,
                                                          std::int64_t batch_idx,
                                                          std::int64_t dataloader_idx) {
  const bool several = recorder_->several.predict;
  const Outcome outcome = note_step_event("predict_step", batch, batch_idx,
                                          several ? std::optional(dataloader_idx) : std::nullopt);
  write_logs("predict_step", {{"batch_idx", static_cast<double>(batch_idx)}});
  return outcome.return_none ? std::nullopt : std::optional(forward(batch));
}

// -- optimization
// -------------------------------------------------------------------------------------

std::optional<Configured> ConformanceModule::configure_optimizers() {
  note("configure_optimizers");
  without_optimizer_ = spec_.at("optimizer").is_null();
  if (without_optimizer_) {
    return std::nullopt;
  }
  Configured out;
  out.first = make_optimizers(*this, spec_["optimizer"], optimizer_steps);
  out.second = make_schedules(spec_.value("schedulers", Json::array()),
                              [&] { return recorder_->estimated().value(); });
  return out;
}

lt::Tensor ConformanceModule::manual_loss(std::size_t k, const Batch& batch) {
  const auto& [x, y, numbers] = *batch.parts.front();
  const lt::Tensor a = network_.a(x);
  const lt::Tensor b = network_.b(x);
  return k == 0 ? torch::mse_loss(a + b, y) : torch::mse_loss(a - b, y);
}

lt::GradClipAlgorithm ConformanceModule::manual_algorithm() const {
  lt::GradClipAlgorithm algorithm{};
  read_enum(manual_["clip"]["algorithm"], algorithm);
  return algorithm;
}

void ConformanceModule::finish_manual_step(std::int64_t batch_idx,
                                           const std::vector<lt::Tensor>& losses) {
  note_step(batch_idx, losses);
  LogValues values{{"loss", losses.front()}, {"batch_idx", static_cast<double>(batch_idx)}};
  for (std::size_t k = 0; k < losses.size(); ++k) {
    values["loss_" + std::to_string(k)] = losses[k];
  }
  write_logs("training_step", values);
}

ConformanceModule::StepResult ConformanceModule::manual_result(
    const std::vector<lt::Tensor>& losses) const {
  const auto returns = spec_.value("returns", std::string("none"));
  if (returns == "tensor") {
    return {{{"loss", losses.front()}}};
  }
  if (returns == "dict") {
    return {{{"loss", losses.front()}, {"other", losses.back().detach()}}};
  }
  if (returns == "float") {
    throw CaseError("MisconfigurationException", "invalid_step_output");
  }
  return std::nullopt;
}

}  // namespace conformance

lt::checkpoint::Value lt::checkpoint::Convert<conformance::CaseHparams>::to(
    const conformance::CaseHparams& hparams) {
  Dict dict;
  for (const lt::HyperParam& param : hparams.values) {
    dict[param.name] = std::visit(
        []<class V>(const V& value) -> Value {
          if constexpr (std::is_constructible_v<Value, const V&> &&
                        !std::is_same_v<V, std::monostate>) {
            return Value(value);
          } else {
            return {};
          }
        },
        param.value.value);
  }
  return dict;
}
