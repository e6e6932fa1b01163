// SPDX-License-Identifier: Apache-2.0
// The learning-rate range test (Smith 2017): train for a while with ever larger rates, and see
// where the loss falls fastest. Source: Lightning, tuner/lr_finder.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/trainer/optimizer_set.hpp"
#include "lt/tuner/attribute.hpp"
#include "lt/tuner/lr_find_options.hpp"
#include "lt/tuner/lr_find_result.hpp"
#include "lt/tuner/rate_recorder.hpp"
#include "lt/tuner/run_snapshot.hpp"
#include "lt/tuner/search_engine.hpp"

#include <ATen/core/grad_mode.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

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
    limit_search(engine, options.num_training,
                 compat == Compat::lightning ? options.num_training : 0, compat);
    RateRecorder recorder(options, compat);
    SearchEngine<Engine>(engine, &recorder).run();
    found.results = recorder.curve();
    before.restore();
    engine.metrics().has_loggers = has_loggers;
  }
  engine.configure_optimizers();
  const auto steps = found.results.lr.size();
  if (static_cast<std::int64_t>(steps) < options.num_training) {
    engine.messages().info(
        "I760", text("LR finder stopped early after ", steps, " steps due to diverging loss."));
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
