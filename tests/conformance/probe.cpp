// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include "errors.hpp"

#include <utility>
#include <variant>

namespace conformance {

Probe::Probe(Recorder& recorder, std::string on, const Json& spec, const Json& actions)
    : recorder_(&recorder),
      on_(std::move(on)),
      script_(recorder, on_, spec.value("log", Json::array()), actions) {
  for (const Json& hook : spec.value("snapshot", Json::array())) {
    snapshot_hooks_.insert(hook.get<std::string>());
  }
}

void Probe::on_exception(lt::RunView& run, const std::exception& exception) {
  note(run, "on_exception", {{"exception", type_in_hook(exception)}});
}

void Probe::on_save_checkpoint(lt::RunView& run, lt::Checkpoint& checkpoint) {
  note(run, "on_save_checkpoint", checkpoint_info(checkpoint));
}

void Probe::on_load_checkpoint(lt::RunView& run, lt::Checkpoint& checkpoint) {
  note(run, "on_load_checkpoint", checkpoint_info(checkpoint));
}

void Probe::note_batch(lt::RunView& run, std::string_view hook, std::int64_t batch_idx,
                       std::int64_t loader, bool several) {
  note(run, hook, batch_info(batch_idx, several ? std::optional(loader) : std::nullopt), batch_idx,
       loader);
}

void Probe::note(lt::RunView& run, std::string_view hook, const Json& info,
                 std::optional<std::int64_t> batch_idx,
                 std::optional<std::int64_t> dataloader_idx) {
  recorder_->event(hook, on_, info);
  if (snapshot_hooks_.contains(hook)) {
    recorder_->snapshots.push_back({{"event", recorder_->events.size() - 1},
                                    {"hook", hook},
                                    {"on", on_},
                                    {"callback_metrics", metrics(run.callback_metrics())},
                                    {"progress_bar_metrics", metrics(run.progress_bar_metrics())},
                                    {"logged_metrics", metrics(run.logged_metrics())}});
  }
  script_.act(hook, batch_idx);
  script_.log(hook,
              {{"batch_idx", static_cast<double>(batch_idx.value_or(0))},
               {"dataloader_idx", static_cast<double>(dataloader_idx.value_or(0))}},
              [&](const std::string& name, const LogValue& value, const lt::LogOptions& options) {
                run.log(name, std::get<double>(value), options);
              });
}

}  // namespace conformance
