// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include "errors.hpp"

#include "lt/policies/checkpoint_io/binary.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace conformance {

namespace fs = std::filesystem;

// -- what a case asks for

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

Json training_modes(const torch::nn::Module& module) {
  Json out = Json::object();
  for (const auto& item : module.named_modules("", /*include_self=*/false)) {
    out[item.key()] = item.value()->is_training();
  }
  return out;
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

}  // namespace conformance
