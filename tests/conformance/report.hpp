// SPDX-License-Identifier: Apache-2.0
// What a case asks for, and what there is to see after a call.
#pragma once

#include "values.hpp"

#include "lt/tensor.hpp"

#include <torch/nn/module.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace conformance {

/// The first run of a case, and one per entry of `resume`.
std::vector<Json> runs_of(const Json& the_case);
/// The calls of a run, each with the options of its own.
std::vector<Json> calls_of(const Json& run);

/// The trace of a case; `execute(run, root, seed)` makes one run of it.
template <class Execute>
Json record_runs(const Json& the_case, const std::filesystem::path& root, Execute execute) {
  Json trace = {{"format", 1}, {"name", the_case.at("name")}};
  for (const char* key : {"tolerance", "static"}) {
    if (the_case.contains(key)) {
      trace[key] = the_case[key];
    }
  }
  trace["runs"] = Json::array();
  for (const Json& run : runs_of(the_case)) {
    trace["runs"].push_back(execute(run, root, the_case.value("seed", std::uint64_t{0})));
  }
  return trace;
}

Json error_json(const std::exception& exception);
Json prediction_json(const std::optional<lt::Tensor>& prediction);

/// Parameters and buffers.
Json weights_of(const torch::nn::Module& module);
/// Whether each submodule is in training mode.
Json training_modes(const torch::nn::Module& module);
/// All files below a directory; a link is shown as "name -> target".
std::vector<std::string> files_below(const std::filesystem::path& root);
/// What is in the checkpoints below a directory.
Json checkpoint_files(const std::filesystem::path& root);

}  // namespace conformance
