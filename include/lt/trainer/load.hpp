// SPDX-License-Identifier: Apache-2.0
// A model from a checkpoint, without a trainer.
#pragma once

#include "lt/checkpoint/module_state.hpp"
#include "lt/checkpoint/reflect.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"

#include <filesystem>
#include <memory>
#include <type_traits>
#include <utility>

namespace lt {

/// How load_from_checkpoint treats what does not fit.
struct LoadOptions {
  bool strict = true;  // missing and unexpected weights are an error
};

/// Makes a `Model` with the hyper-parameters of a checkpoint and gives it the weights. `change` may
/// set options anew before the model is made. `Io` reads the file: `lt::checkpoint_io::Torch` for one
/// of Python's Lightning. The model has a nested reflected `Options`, a
/// constructor that takes it, and `hparams()`; one without is default-constructed. Hooks: the
/// model's `configure_model` and `on_load_checkpoint`.
///
/// Errors: lt::CheckpointError when the file is missing or damaged, or does not fit the model.
template <class Model, class Io = checkpoint_io::Binary, class Change>
std::shared_ptr<Model> load_from_checkpoint(const std::filesystem::path& path, Change&& change,
                                            LoadOptions load = {}) {
  Checkpoint checkpoint = Io().load_checkpoint(path);
  std::shared_ptr<Model> model;
  if constexpr (requires { typename Model::Options; }) {
    typename Model::Options options{};
    if (const auto* saved = checkpoint.find("hyper_parameters")) {
      checkpoint::from_value(*saved, options);
    }
    change(options);
    model = std::make_shared<Model>(std::move(options));
  } else {
    model = std::make_shared<Model>();
  }
  if constexpr (requires { model->configure_model(); }) {
    model->configure_model();
  }
  if constexpr (requires { model->on_load_checkpoint(checkpoint); }) {
    model->on_load_checkpoint(checkpoint);
  }
  load_module_state(*model, checkpoint.at("state_dict"), load.strict);
  return model;
}

template <class Model, class Io = checkpoint_io::Binary>
std::shared_ptr<Model> load_from_checkpoint(const std::filesystem::path& path,
                                            LoadOptions load = {}) {
  return load_from_checkpoint<Model, Io>(path, [](auto&) {}, load);
}

}  // namespace lt
