// SPDX-License-Identifier: Apache-2.0
// The checkpoint half of the trainer's engine: what goes into a checkpoint, and how a run takes it
// up again. Source: Lightning, trainer/connectors/checkpoint_connector.py.
#pragma once

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/checkpoint/loops.hpp"
#include "lt/checkpoint/module_state.hpp"
#include "lt/checkpoint/optimizer_state.hpp"
#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/scheduler_state.hpp"
#include "lt/checkpoint/score.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/type_name.hpp"
#include "lt/seed.hpp"
#include "lt/trainer/hook_calls.hpp"

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// The version of Lightning whose checkpoint layout is written.
inline constexpr std::string_view checkpoint_version = "2.6.6";

/// A part, model or data module whose state belongs into checkpoints.
template <class P>
concept StatefulPart = requires(P& part, const P& constant) {
  part.load_state_dict(constant.state_dict());
};

/// The key under which a part's state is kept: its `state_key()`, or the name of its class.
template <class P>
std::string state_key_of(const P& part) {
  if constexpr (requires { part.state_key(); }) {
    return std::string(part.state_key());
  } else {
    return std::string(type_name<P>());
  }
}

/// Whether a part has a state now; one that decides that at run time says so by `has_state()`.
template <class P>
bool has_state(const P& part) {
  if constexpr (requires { { part.has_state() } -> std::same_as<bool>; }) {
    return part.has_state();
  } else {
    return StatefulPart<P>;
  }
}

/// Mixin of the trainer's engine.
template <class Engine, class Types>
class CheckpointCalls {
 public:
  /// Everything that a run needs to go on, under Lightning's keys.
  Checkpoint dump_checkpoint(bool weights_only) {
    RunState& state = self().state();
    checkpoint::Dict dict;
    dict["epoch"] = state.current_epoch();
    dict["global_step"] = state.global_step();
    dict["pytorch-lightning_version"] = checkpoint_version;
    dict["state_dict"] = module_state(self().model());
    dict["loops"] = checkpoint::loops_to_value(state);
    self().with_stateful_loader([&](auto& loader) {
      dict["loops"]["fit_loop"]["state_dict"]["combined_loader"] =
          checkpoint::List{checkpoint::to_value(loader.state_dict())};
    });
    // What Lightning's checkpoints lack, under a key that it ignores.
    dict["lt"] = checkpoint::Dict{{"rng", rng_state()}};
    if (!weights_only) {
      dict["callbacks"] = callback_states();
      checkpoint::List optimizers;
      self().for_each_optimizer([&]<class O>(std::size_t, O& optimizer) {
        optimizers.push_back(checkpoint::ConvertOptimizer<O>::to(optimizer));
      });
      if (self().runs_without_optimizer()) {
        optimizers.push_back(checkpoint::Dict());  // of Lightning's stand-in
      }
      dict["optimizer_states"] = std::move(optimizers);
      checkpoint::List schedules;
      self().for_each_schedule([&](std::size_t, auto& schedule) {
        schedules.push_back(checkpoint::scheduler_to_value(schedule.scheduler));
      });
      dict["lr_schedulers"] = std::move(schedules);
      if constexpr (requires { self().fabric().precision().state_dict(); }) {
        dict[precision_key()] = checkpoint::to_value(self().fabric().precision().state_dict());
      }
    }
    add_hparams(dict, "hyper_parameters", "hparams_name", self().model());
    add_hparams(dict, "datamodule_hyper_parameters", "datamodule_hparams_name", self().data());
    using Data = std::remove_cvref_t<decltype(self().data())>;
    if constexpr (StatefulPart<Data>) {
      if (self().has_data_module() && has_state(self().data())) {
        dict[data_key()] = checkpoint::to_value(self().data().state_dict());
      }
    }
    Checkpoint checkpoint(std::move(dict));
    if (!weights_only) {
      self().template call_callbacks<hook::on_save_checkpoint>(checkpoint);
    }
    self().template call_model<hook::on_save_checkpoint>(checkpoint);
    return checkpoint;
  }

  void save_checkpoint(const std::filesystem::path& path, bool weights_only) {
    [[maybe_unused]] const auto measured = self().measure("save_checkpoint");
    const Checkpoint checkpoint = dump_checkpoint(weights_only);
    if (self().fabric().is_global_zero()) {
      self().checkpoint_io().save_checkpoint(checkpoint, path);
    }
    // A rank that saves because it fails is alone.
    if (self().state().status != Status::interrupted) {
      self().fabric().barrier("save_checkpoint");
    }
  }

  /// Waits for a checkpoint that is being written. Errors: that it could not be.
  void finish_checkpoints() { self().checkpoint_io().teardown(); }
  /// The same where another exception is under way already.
  void finish_checkpoints_quietly() {
    try {
      finish_checkpoints();
    } catch (const Error& error) {
      self().messages().warn("W033", error.what());
    }
  }

  /// Reads a checkpoint and gives weights, data module and callbacks their states back.
  void restore_modules_and_callbacks(const std::filesystem::path& path) {
    if (path.empty()) {
      return;
    }
    loaded_.emplace(self().checkpoint_io().load_checkpoint(path));
    self().context().resumed_from_path = path;
    self().template call_model<hook::on_load_checkpoint>(*loaded_);
    load_module_state(self().model(), loaded_->at("state_dict"));
    using Data = std::remove_cvref_t<decltype(self().data())>;
    if constexpr (StatefulPart<Data>) {
      if (self().has_data_module() && has_state(self().data()) &&
          loaded_->contains(data_key())) {
        load_part(self().data(), loaded_->at(data_key()));
      }
    }
    if (loaded_->contains("callbacks")) {
      self().template call_callbacks<hook::on_load_checkpoint>(*loaded_);
      const checkpoint::Value& states = loaded_->at("callbacks");
      self().parts().for_each([&]<class P>(P& part) {
        if constexpr (StatefulPart<P> && role_of<P> == Role::callback) {
          if (const auto* saved = states.find(state_key_of(part))) {
            load_part(part, *saved);
          }
        }
      });
    }
  }

  /// Gives loops, optimizers and schedules their states back.
  void restore_training_state() {
    if (!loaded_) {
      return;
    }
    RunState& state = self().state();
    if constexpr (requires { self().fabric().precision().state_dict(); }) {
      if (const auto* saved = loaded_->find(precision_key())) {
        load_part(self().fabric().precision(), *saved);
      }
    }
    restore_loop(state);
    if (state.fn == RunFn::fit) {
      if (const auto* states =
              loaded_->find("loops", "fit_loop", "state_dict", "combined_loader");
          states != nullptr && states->size() == 1) {
        loader_state_ = states->list()[0];
        self().reposition_train_source();
      }
      self().on_progress_loaded();
      restore_optimizers();
      if (state.plan.max_epochs != -1 && state.current_epoch() > state.plan.max_epochs) {
        throw ConfigError(text("lt[E202] the checkpoint is at epoch ", state.current_epoch(),
                               ", beyond max_epochs = ", state.plan.max_epochs));
      }
    }
    if (const auto* rng = loaded_->find("lt", "rng");
        rng != nullptr && self().options().compat == Compat::lt) {
      set_rng_state(rng->template as<Tensor>());
    }
    loaded_.reset();
  }
  void drop_loaded_checkpoint() {
    loaded_.reset();
    loader_state_.reset();
  }

  /// Gives a training loader that keeps a position the one of the checkpoint, once.
  void restore_position() {
    self().with_stateful_loader([&](auto& loader) {
      if (const auto saved = std::exchange(loader_state_, std::nullopt)) {
        auto position = loader.state_dict();
        checkpoint::from_value(*saved, position);
        loader.load_state_dict(position);
      }
    });
  }

  /// The file behind "best", "last" or a path; empty for none.
  std::filesystem::path select_checkpoint(std::string_view wanted, bool model_given) {
    std::string choice(wanted);
    if (choice.empty() && self().state().fn == RunFn::fit && has_exception_checkpoint()) {
      choice = "last";
    }
    if (choice.empty() && model_given) {
      return {};
    }
    if (choice.empty()) {
      choice = "best";
      self().messages().warn("W028", text(enum_name(self().state().fn),
                                          " was called without a model: the best checkpoint of the "
                                          "last fit is used"));
    }
    if (choice == "best") {
      return best_checkpoint();
    }
    if (choice == "last") {
      return last_checkpoint();
    }
    return choice;
  }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  std::string data_key() {
    return state_key_of(self().data());
  }

  std::string precision_key() {
    return std::string(std::remove_cvref_t<decltype(self().fabric().precision())>::state_key);
  }

  checkpoint::Value callback_states() {
    checkpoint::Dict states;
    self().parts().for_each([&]<class P>(P& part) {
      if constexpr (StatefulPart<P> && role_of<P> == Role::callback) {
        if (has_state(part)) {
          states[state_key_of(part)] = checkpoint::to_value(part.state_dict());
        }
      }
    });
    return states;
  }

  template <class P>
  static void load_part(P& part, const checkpoint::Value& saved) {
    using State = std::remove_cvref_t<decltype(std::as_const(part).state_dict())>;
    State state{};
    checkpoint::from_value(saved, state);
    part.load_state_dict(std::move(state));
  }

  template <class T>
  void add_hparams(checkpoint::Dict& dict, std::string_view key, std::string_view name_key,
                   T& object) {
    if constexpr (requires { object.hparams(); }) {
      checkpoint::Value values = checkpoint::to_value(object.hparams());
      if (values.size() > 0) {
        dict[std::string(name_key)] = "options";
        dict[std::string(key)] = std::move(values);
      }
    }
  }

  // Only the loop that runs takes up its counters.
  void restore_loop(RunState& state) {
    RunState saved = state;
    checkpoint::loops_from_value(loaded_->at("loops"), saved);
    switch (state.fn) {
      case RunFn::fit:
        state.fit = saved.fit;
        break;
      case RunFn::validate:
        state.validate_batches = saved.validate_batches;
        break;
      case RunFn::test:
        state.test_batches = saved.test_batches;
        break;
      default:
        state.predict_batches = saved.predict_batches;
        break;
    }
  }

  void restore_optimizers() {
    if (!loaded_->contains("optimizer_states") || !loaded_->contains("lr_schedulers")) {
      throw CheckpointError(text("lt[E203] the checkpoint ",
                                 self().context().resumed_from_path.string(),
                                 " holds only weights: it has no optimizer_states and no "
                                 "lr_schedulers, so fit cannot resume from it"));
    }
    const checkpoint::List& optimizers = loaded_->at("optimizer_states").list();
    self().for_each_optimizer([&]<class O>(std::size_t i, O& optimizer) {
      if (i < optimizers.size()) {
        checkpoint::ConvertOptimizer<O>::from(optimizers[i], optimizer);
      }
    });
    const checkpoint::List& schedules = loaded_->at("lr_schedulers").list();
    self().for_each_schedule([&](std::size_t i, auto& schedule) {
      if (i < schedules.size()) {
        checkpoint::scheduler_from_value(schedule.scheduler, schedules[i]);
      }
    });
  }

  bool has_exception_checkpoint() {
    bool found = false;
    self().parts().for_each([&](auto& part) {
      found = found || requires { part.is_exception_checkpoint(); };
    });
    return found;
  }

  std::filesystem::path best_checkpoint() {
    std::optional<std::string> best;
    self().parts().for_each([&](auto& part) {
      if constexpr (requires { part.best_model_path(); }) {
        best = best ? best : std::optional(std::string(part.best_model_path()));
      }
    });
    const auto fn = enum_name(self().state().fn);
    if (!best) {
      throw ConfigError(text("lt[E204] ", fn, "(ckpt_path = \"best\"): there is no ModelCheckpoint "
                             "among the parts"));
    }
    if (best->empty() && self().options().fast_dev_run > 0) {
      throw ConfigError(text("lt[E205] ", fn, "(ckpt_path = \"best\"): nothing is saved under "
                             "fast_dev_run; expected the path of a file"));
    }
    if (best->empty()) {
      throw ConfigError(text("lt[E206] ", fn, "(ckpt_path = \"best\"): ModelCheckpoint has not saved "
                             "anything yet"));
    }
    return *best;
  }

  std::filesystem::path last_checkpoint() {
    std::vector<std::filesystem::path> candidates;
    self().parts().for_each([&](auto& part) {
      if constexpr (requires { part.find_last_checkpoints(self().context()); }) {
        for (auto& path : part.find_last_checkpoints(self().context())) {
          candidates.push_back(std::move(path));
        }
      }
    });
    std::filesystem::path newest;
    std::filesystem::file_time_type time{};
    for (const auto& path : candidates) {
      std::error_code error;
      const auto changed = std::filesystem::last_write_time(path, error);
      if (!error && (newest.empty() || changed > time)) {
        newest = path;
        time = changed;
      }
    }
    if (newest.empty()) {
      self().messages().warn("W029", text(enum_name(self().state().fn),
                                          "(ckpt_path = \"last\"): there is no last checkpoint; "
                                          "nothing is loaded"));
    }
    return newest;
  }

  std::optional<Checkpoint> loaded_;
  std::optional<checkpoint::Value> loader_state_;  // until the training loader is there
};

}  // namespace lt
