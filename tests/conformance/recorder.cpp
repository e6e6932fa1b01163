// SPDX-License-Identifier: Apache-2.0
#include "recorder.hpp"

namespace conformance {

void Recorder::begin() {
  events = steps = train_outputs = logged = snapshots = Json::array();
  plan = nullptr;
}

void Recorder::event(std::string_view hook, std::string_view on, const Json& info) {
  Json entry = {{"hook", hook}, {"on", on}};
  if (run != nullptr) {
    const lt::Stage stage = run->stage();
    entry["stage"] = stage == lt::Stage::none ? Json(nullptr) : Json(lt::enum_name(stage));
    entry["epoch"] = run->current_epoch();
    entry["global_step"] = run->global_step();
  }
  entry.update(info);
  events.push_back(std::move(entry));
}

std::string Recorder::relative(const std::filesystem::path& path) const {
  if (path.empty()) {
    return {};
  }
  const auto below = std::filesystem::absolute(path).lexically_normal().lexically_relative(root);
  return below.empty() || *below.begin() == ".." ? path.filename().string()
                                                 : below.generic_string();
}

Json batch_info(std::int64_t batch_idx, std::optional<std::int64_t> dataloader_idx) {
  Json info = {{"batch_idx", batch_idx}};
  if (dataloader_idx) {
    info["dataloader_idx"] = *dataloader_idx;
  }
  return info;
}

Json checkpoint_info(const lt::Checkpoint& checkpoint) {
  return {{"ckpt_epoch", checkpoint.get<std::int64_t>("epoch")},
          {"ckpt_global_step", checkpoint.get<std::int64_t>("global_step")}};
}

}  // namespace conformance
