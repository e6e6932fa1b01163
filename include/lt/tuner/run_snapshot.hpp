// SPDX-License-Identifier: Apache-2.0
// What a run consists of, kept in memory while a tool trains with the same trainer.
#pragma once

#include "lt/checkpoint/snapshot.hpp"
#include "lt/trainer/checkpoint_calls.hpp"
#include "lt/trainer/hook_calls.hpp"
#include "lt/trainer/module_modes.hpp"

#include <ATen/core/Generator.h>

#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace lt {

/// Keeps weights, buffers, modes, the state of the data module and of the loss scale, counters,
/// options and random generators of an engine, and puts them back. Parts need not be kept, as they
/// stand aside in the meantime; optimizers neither: who trains afterwards configures new ones.
template <class Engine>
class RunSnapshot {
 public:
  explicit RunSnapshot(Engine& engine)
      : e_(engine),
        weights_(checkpoint::snapshot(module_state(engine.model()))),
        state_(engine.state()),
        options_(engine.options()),
        rng_(rng_state()) {
    modes_.capture(engine.model());
    if constexpr (StatefulPart<Data>) {
      data_ = checkpoint::snapshot(checkpoint::to_value(engine.data().state_dict()));
    }
    if constexpr (keeps_scale) {
      scale_ = checkpoint::snapshot(checkpoint::to_value(engine.fabric().precision().state_dict()));
    }
    with_given_loader([&](auto& loader) {
      if constexpr (requires { loader.load_state_dict(loader.state_dict()); }) {
        loader_ = checkpoint::snapshot(checkpoint::to_value(loader.state_dict()));
      }
      if constexpr (requires { loader.generator()->get_state(); }) {
        if (loader.generator()) {
          loader_rng_ = loader.generator()->get_state();
        }
      }
    });
  }

  /// Puts everything back.
  void restore() {
    load_module_state(e_.model(), weights_);
    defaults::on_validation_model_zero_grad(e_.model());
    modes_.restore(e_.model());
    if constexpr (StatefulPart<Data>) {
      load(e_.data(), data_);
    }
    if constexpr (keeps_scale) {
      load(e_.fabric().precision(), scale_);
    }
    e_.state() = state_;
    e_.options() = options_;
    e_.drop_loaders();
    e_.fit_loop().forget_data();
    with_given_loader([&](auto& loader) {
      if constexpr (requires { loader.load_state_dict(loader.state_dict()); }) {
        load(loader, loader_);
      }
      if (loader_rng_) {
        if constexpr (requires { loader.generator()->get_state(); }) {
          at::Generator(*loader.generator()).set_state(*loader_rng_);
        }
      }
    });
    e_.metrics().reset_results();
    e_.metrics().reset_tables();
    set_rng_state(rng_);
  }

 private:
  using Data = std::remove_cvref_t<decltype(std::declval<Engine&>().data())>;
  using Precision = std::remove_cvref_t<decltype(std::declval<Engine&>().fabric().precision())>;
  static constexpr bool keeps_scale = StatefulPart<Precision>;

  template <class Part>
  static void load(Part& part, const checkpoint::Value& saved) {
    auto state = std::as_const(part).state_dict();
    checkpoint::from_value(saved, state);
    part.load_state_dict(std::move(state));
  }

  // A training loader that was given directly is the same object in every run.
  template <class F>
  void with_given_loader([[maybe_unused]] F&& f) {
    if constexpr (requires {
                    typename Data::loaders_only;
                    e_.data().train_dataloader();
                  }) {
      f(e_.data().train_dataloader());
    }
  }

  Engine& e_;
  checkpoint::Value weights_;
  RunState state_;
  TrainerOptions options_;
  at::Tensor rng_;
  ModuleModes modes_;
  checkpoint::Value data_;
  checkpoint::Value scale_;
  checkpoint::Value loader_;
  std::optional<at::Tensor> loader_rng_;
};

/// Limits of a search: from the first batch on for `steps` optimizer steps, whatever the limits of
/// the run. Lightning goes on from the run's counters and keeps its limits.
template <class Engine>
void limit_search(Engine& engine, std::int64_t steps, std::int64_t val_batches, Compat compat) {
  RunState& state = engine.state();
  TrainerOptions& options = engine.options();
  state.should_stop = false;
  state.stage = Stage::train;
  options.limit_val_batches = BatchLimit(val_batches);
  if (compat == Compat::lightning) {
    options.max_steps = state.global_step() + steps;
    return;
  }
  state.fit = {};
  state.plan.max_epochs = -1;
  state.plan.min_epochs = 0;
  options.max_steps = steps;
  options.min_steps.reset();
}

/// Puts a snapshot back at the end of a scope, also when an exception ends it.
template <class Engine>
class RestoredRun {
 public:
  explicit RestoredRun(Engine& engine) : e_(engine), before_(engine) {}
  ~RestoredRun() {
    if (!done_) {
      try {
        before_.restore();
      } catch (const std::exception& error) {
        // The first error is under way.
        e_.messages().warn("W763",
                           text("while the state before the search was put back: ", error.what()));
      }
    }
  }
  RestoredRun(const RestoredRun&) = delete;
  RestoredRun& operator=(const RestoredRun&) = delete;

  /// Puts everything back now. Errors: those of the model's and the data module's own states.
  void restore() {
    done_ = true;
    before_.restore();
  }

 private:
  Engine& e_;
  RunSnapshot<Engine> before_;
  bool done_ = false;
};

}  // namespace lt
