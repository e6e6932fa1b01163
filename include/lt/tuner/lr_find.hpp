// SPDX-License-Identifier: Apache-2.0
// The learning-rate range test (Smith 2017): train for a while with ever larger rates, and see where
// the loss falls fastest. Source: Lightning, tuner/lr_finder.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/loops/optimization.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/trainer/optimizer_set.hpp"
#include "lt/tuner/attribute.hpp"
#include "lt/tuner/loss_watch.hpp"
#include "lt/tuner/lr_find_options.hpp"
#include "lt/tuner/lr_find_result.hpp"
#include "lt/tuner/run_snapshot.hpp"
#include "lt/tuner/search_engine.hpp"

#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lt {

namespace detail {

/// Sets the rate before each batch and notes the loss after each optimizer step.
class RateRecorder {
 public:
  RateRecorder(const LrFindOptions& options, Compat compat)
      : rates_(options.min_lr, options.max_lr, options.num_training, options.mode, compat),
        watch_(options.early_stop_threshold, compat),
        compat_(compat) {}

  template <class Engine>
  void before_batch(Engine& engine) {
    const double rate = rates_[steps_];
    engine.for_each_optimizer([&](std::size_t, auto& optimizer) {
      for (std::size_t i = 0; i < group_count(optimizer); ++i) {
        optim::GroupRates group = rates(optimizer, i);
        group.lr = rate;
        set_rates(optimizer, i, group);
      }
    });
    steps_now_ = !should_accumulate(engine.state());
    if (is_noted(engine.state())) {
      lr_.push_back(rate);
    }
  }

  template <class Engine>
  void after_batch(Engine& engine) {
    steps_ += steps_now_ ? 1 : 0;
    if (!is_noted(engine.state())) {
      return;
    }
    if (!engine.output().has_loss()) {
      watch_.skip();
      return;
    }
    // Ranks see different batches: all decide by the mean, Lightning by the first one's.
    const double own = scalar_of(engine.output().loss(), "loss").value;
    const auto losses = engine.context().exchange({own});
    double mean = 0.0;
    for (const auto& loss : losses) {
      mean += loss[0] / static_cast<double>(losses.size());
    }
    const bool lightning = compat_ == Compat::lightning;
    if (watch_.add(lightning ? losses[0][0] : mean,
                   lightning ? engine.state().global_step() : steps_)) {
      engine.state().should_stop = true;
    }
  }

  LrFindCurve curve() const { return {lr_, watch_.losses()}; }

 private:
  // Lightning leaves the last, shorter window of accumulated gradients out.
  bool is_noted(const RunState& state) const {
    return steps_now_ && (compat_ == Compat::lt ||
                          state.fit.batches.current.ready % state.plan.accumulate_grad_batches == 0);
  }

  RateSequence rates_;
  LossWatch watch_;
  Compat compat_;
  std::int64_t steps_ = 0;
  bool steps_now_ = false;
  std::vector<double> lr_;
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

}  // namespace detail

/// Runs the test in a trainer whose fit is set up, and leaves weights, data, counters, options and
/// random generators as they were. Optimizers are configured anew.
/// Errors: lt::ConfigError for several optimizers; what the model and the data throw.
template <class Engine>
LrFindResult find_rates(Engine& engine, const LrFindOptions& options) {
  validate(options, "lr_find");
  if (engine.optimizer_count() != 1) {
    throw ConfigError(text("lt[E765] lr_find: configure_optimizers returned ",
                           engine.optimizer_count(), " optimizers; expected one"));
  }
  const Compat compat = engine.options().compat;
  LrFindResult found{.mode = options.mode, .compat = compat};
  {
    const auto aside = engine.parts().set_aside();
    const bool has_loggers = std::exchange(engine.metrics().has_loggers, false);
    RestoredRun<Engine> before(engine);
    const c10::AutoGradMode grad(true);
    detail::limit_search(engine, options.num_training,
                         compat == Compat::lightning ? options.num_training : 0, compat);
    detail::RateRecorder recorder(options, compat);
    SearchEngine<Engine, detail::RateRecorder>(engine, recorder).run();
    found.results = recorder.curve();
    before.restore();
    engine.metrics().has_loggers = has_loggers;
  }
  engine.configure_optimizers();
  const auto steps = found.results.lr.size();
  if (static_cast<std::int64_t>(steps) < options.num_training) {
    engine.messages().info("I760", text("LR finder stopped early after ", steps,
                                        " steps due to diverging loss."));
  }
  return found;
}

/// Sets the attribute `name` to the suggestion, if there is one, and lets the optimizers be
/// configured with it. Lightning only changes the rate in the optimizers that are there, so that a
/// schedule goes on from the old one; `Compat::lightning` does so too.
template <class Engine>
void apply_suggestion(Engine& engine, const LrFindResult& found, std::string_view name) {
  const auto rate = found.suggestion();
  if (!rate) {
    engine.messages().warn("W760",
                           "Failed to compute suggestion for learning rate because there are not "
                           "enough points. Increase the loop iteration limits or the size of your "
                           "dataset/dataloader.");
    return;
  }
  set_attribute<RateAttribute>(name, *rate, engine.model(), engine.data());
  if (found.compat == Compat::lt) {
    engine.configure_optimizers();
  } else {
    engine.for_each_optimizer([&](std::size_t, auto& optimizer) {
      for (std::size_t i = 0; i < group_count(optimizer); ++i) {
        optim::GroupRates group = rates(optimizer, i);
        group.lr = *rate;
        set_rates(optimizer, i, group);
      }
    });
  }
  engine.messages().info("I761", text("Learning rate set to ", *rate));
}

/// The name of the attribute that the search sets. Errors: lt::ConfigError when there is none.
template <class Model, class Data>
std::string lr_attribute(const LrFindOptions& options, Model& model, Data& data) {
  std::string name = find_attribute<RateAttribute>(options.attr_name, model, data);
  if (name.empty()) {
    throw ConfigError(text(
        "lt[E764] lr_find: ",
        options.attr_name.empty() ? std::string("neither the model nor the data module has a "
                                                "learning rate that can be set")
                                  : text("attr_name = \"", options.attr_name,
                                         "\" is not found in the model or the data module"),
        "; expected a real number among the fields of `Options& hparams()`, or a public member lr "
        "or learning_rate"));
  }
  return name;
}

/// The test and what follows from it: the whole of `lr_find`, inside a fit that is set up.
template <class Engine>
LrFindResult find_and_set_rate(Engine& engine, const LrFindOptions& options) {
  if (engine.options().fast_dev_run > 0) {
    engine.messages().warn("W761",
                           "Skipping learning rate finder since `fast_dev_run` is enabled.");
    return {.mode = options.mode, .compat = engine.options().compat};
  }
  std::string name;
  if (options.update_attr) {
    name = lr_attribute(options, engine.model(), engine.data());
  }
  LrFindResult found = find_rates(engine, options);
  if (options.update_attr) {
    apply_suggestion(engine, found, name);
  }
  return found;
}

}  // namespace lt
