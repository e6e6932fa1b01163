// SPDX-License-Identifier: Apache-2.0
// All cases on one trainer, whose callbacks are chosen at run time.
#include "run.hpp"

#include "run_case.hpp"
#include "run_precision.hpp"

namespace conformance {

namespace {

struct ListKit {
  using Callbacks = Parts;
  using CallbacksOfModel = Parts;  // the same type, so that they can replace those of the trainer
  using Module = ModuleWith<Parts>;
  using Trainer = TrainerOf<Module, Parts>;

  static Parts make_callbacks(const Json& specs, Recorder& recorder, const Json& actions,
                              std::vector<Label>& labels) {
    return conformance::make_callbacks(specs, "callback:", recorder, actions, labels);
  }
  static Parts make_callbacks_of_model(const Json& specs, Recorder& recorder, const Json& actions,
                                       std::vector<Label>& labels) {
    return conformance::make_callbacks(specs, "model_callback:", recorder, actions, labels);
  }
  static std::unique_ptr<Trainer> make_trainer(lt::TrainerOptions options, Parts parts,
                                               const Json& spec, Recorder& recorder) {
    add_loggers(parts, recorder, spec);
    return std::make_unique<Trainer>(std::move(options), std::move(parts), RecordingIo(recorder));
  }
  static void find_parts(Trainer&, std::vector<Label>&) {}  // they stay where they were made
};

}  // namespace

bool is_selected(const std::string&) { return true; }

Json record(const Json& the_case, const std::filesystem::path& root) {
  return record_runs(the_case, root, [](const Json& run, const auto& where, std::uint64_t seed) {
    if (is_of_precision(run)) {
      return run_with_precision(run, where, seed);
    }
    return Run<ListKit>(run, where, seed).execute();
  });
}

}  // namespace conformance
