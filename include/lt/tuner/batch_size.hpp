// SPDX-License-Identifier: Apache-2.0
// Finds the largest batch size that fits into memory, by trying. Source: Lightning,
// tuner/batch_size_scaling.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/memory_error.hpp"
#include "lt/core/run_state.hpp"
#include "lt/core/text.hpp"
#include "lt/loops/evaluation_loop.hpp"
#include "lt/loops/prediction_loop.hpp"
#include "lt/tuner/attribute.hpp"
#include "lt/tuner/batch_size_options.hpp"
#include "lt/tuner/cpu_memory_budget.hpp"
#include "lt/tuner/run_snapshot.hpp"
#include "lt/tuner/search_engine.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lt {

namespace detail {

template <RunFn Fn>
inline constexpr Evaluation evaluation_of =
    Fn == RunFn::test ? Evaluation::test : Evaluation::validate;

/// One trial: trains, or evaluates, with the batch size that is set now.
template <RunFn Fn, class Engine>
void run_trial(Engine& engine, std::int64_t steps) {
  TrainerOptions& options = engine.options();
  if constexpr (Fn == RunFn::fit) {
    const c10::AutoGradMode grad(true);
    options.limit_train_batches = 1.0;
    limit_search(engine, steps, steps, Compat::lt);
    engine.configure_optimizers();
    SearchEngine<Engine>(engine).run();
  } else if constexpr (Fn == RunFn::predict) {
    options.limit_predict_batches = BatchLimit(steps);
    PredictionLoop<Engine>(engine).run();
    engine.take_predictions();
  } else {
    options.limit_val_batches = options.limit_test_batches = BatchLimit(steps);
    EvaluationLoop<Engine, evaluation_of<Fn>>(engine).run();
  }
}

template <RunFn Fn, class Engine>
auto& source_of(Engine& engine) {
  if constexpr (Fn == RunFn::fit) {
    return engine.train_source();
  } else if constexpr (Fn == RunFn::predict) {
    return engine.predict_source();
  } else {
    return engine.template eval_source<evaluation_of<Fn>>();
  }
}

// Batches of a whole pass over the data: over several loaders, of the longest.
template <RunFn Fn, class Engine>
BatchCount batches_of(Engine& engine) {
  const auto sizes = source_of<Fn>(engine).sizes();
  return *std::max_element(sizes.begin(), sizes.end());
}

}  // namespace detail

/// The name of the attribute. Errors: lt::ConfigError when neither the model nor the data has it.
template <class Model, class Data>
std::string size_attribute(const ScaleBatchSizeOptions& options, Model& model, Data& data) {
  std::string name = find_attribute<SizeAttribute>(options.batch_arg_name, model, data);
  if (name.empty()) {
    throw ConfigError(text(
        "lt[E768] scale_batch_size: batch_arg_name = \"", options.batch_arg_name,
        "\" is not found in the model or the data module; expected a whole number among the fields "
        "of `Options& hparams()`, or a public member batch_size"));
  }
  return name;
}

/// Runs the search in a trainer that is set up for `Fn`, sets the attribute to what it found, and
/// leaves everything else as it was. None when no size fits, or under fast_dev_run.
/// Errors: lt::ConfigError for a missing attribute; every error of a trial that does not mean that
/// memory ran out, after the attribute was put back.
template <RunFn Fn, class Engine>
std::optional<std::int64_t> find_batch_size(Engine& engine, const ScaleBatchSizeOptions& options) {
  validate(options, "scale_batch_size");
  Messages& messages = engine.messages();
  if (engine.options().fast_dev_run > 0) {
    messages.warn("W762", "Skipping batch size scaler since `fast_dev_run` is enabled.");
    return std::nullopt;
  }
  using Fabric = std::remove_cvref_t<decltype(engine.fabric())>;
  if (options.memory_budget && !Fabric::accelerator_type::is_host) {
    throw ConfigError(text("lt[E769] scale_batch_size: memory_budget = ", options.memory_budget,
                           " is for tensors on the CPU; expected none, since the device says by "
                           "itself when its memory is used up"));
  }
  const std::string name = size_attribute(options, engine.model(), engine.data());
  const auto set = [&](std::int64_t size) {
    set_attribute<SizeAttribute>(name, size, engine.model(), engine.data());
  };
  const auto original = get_attribute<SizeAttribute>(name, engine.model(), engine.data());

  const auto aside = engine.parts().set_aside();
  const bool has_loggers = std::exchange(engine.metrics().has_loggers, false);
  ModuleModes modes;
  modes.capture(engine.model());
  RestoredRun<Engine> before(engine);
  BatchSizeSearch search(
      {options.mode, options.init_val, options.max_trials, options.margin, options.max_val},
      engine.options().compat);
  try {
    std::optional<CpuMemoryBudget> budget;
    while (const auto size = search.next()) {
      set(*size);
      engine.drop_loaders();
      defaults::on_validation_model_zero_grad(engine.model());
      bool fits = true;
      try {
        budget.reset();
        if (options.memory_budget) {
          budget.emplace(*options.memory_budget);
        }
        detail::run_trial<Fn>(engine, options.steps_per_trial);
      } catch (const std::exception& error) {
        if (!is_out_of_memory(error)) {
          throw;
        }
        fits = false;
      }
      modes.restore(engine.model());
      if (!fits) {
        search.failed();
      } else if (const BatchCount batches = detail::batches_of<Fn>(engine);
                 batches == BatchCount(0)) {
        search.failed();  // more than there are samples, and the loader drops what is left over
      } else {
        search.succeeded(batches == BatchCount(1));
      }
      if (!search.note().empty()) {
        messages.info("I762", search.note());
      }
    }
  } catch (...) {
    if (original) {
      set(*original);
    }
    throw;
  }
  before.restore();
  engine.metrics().has_loggers = has_loggers;
  if constexpr (Fn == RunFn::fit) {
    engine.configure_optimizers();
  }
  const auto found = search.size();
  if (found) {
    set(*found);
    messages.info("I763",
                  text("Finished batch size finder, will continue with full run using batch "
                       "size ",
                       *found));
  } else {
    if (original) {
      set(*original);
    }
    messages.warn("W764", text("scale_batch_size: no size that was tried fits into memory; ", name,
                               " stays at ", original));
  }
  return found;
}

}  // namespace lt
