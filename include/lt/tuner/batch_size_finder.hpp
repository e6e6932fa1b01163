// SPDX-License-Identifier: Apache-2.0
// BatchSizeFinder: a callback that finds a batch size before a run begins.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_state.hpp"
#include "lt/tuner/batch_size.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lt {

/// Searches a batch size at the start of each fit, validate, test and predict, and runs with it.
/// The attribute is that of `Tuner::scale_batch_size`.
/// Errors: lt::ConfigError as there, for loaders that were given directly, and under a strategy of
/// several processes. Source: Lightning, callbacks/batch_size_finder.py.
class BatchSizeFinder {
 public:
  using Options = ScaleBatchSizeOptions;
  static constexpr std::string_view name = "BatchSizeFinder";
  static constexpr CallbackOrder order = CallbackOrder::tuner;

  BatchSizeFinder() = default;
  explicit BatchSizeFinder(Options options) : options_(std::move(options)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  /// What the search of the last run found; none before, and when no size fits.
  std::optional<std::int64_t> optimal_batch_size() const { return found_; }

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    check(ctx);
    found_ = find_batch_size<RunFn::fit>(ctx.engine(), options_);
  }
  template <class Ctx>
  void on_validation_start(Ctx& ctx) {
    evaluate<RunFn::validate>(ctx);
  }
  template <class Ctx>
  void on_test_start(Ctx& ctx) {
    evaluate<RunFn::test>(ctx);
  }
  template <class Ctx>
  void on_predict_start(Ctx& ctx) {
    evaluate<RunFn::predict>(ctx);
  }

 private:
  template <class Ctx>
  static void check(Ctx& ctx) {
    using Engine = std::remove_cvref_t<decltype(ctx.engine())>;
    using Fabric = std::remove_cvref_t<decltype(ctx.fabric())>;
    if (Fabric::strategy_type::is_distributed) {
      throw ConfigError(
          "lt[E780] The Batch size finder is not supported with distributed "
          "strategies; tune with lt::strategy::SingleDevice");
    }
    if (!Engine::has_data_module() && !makes_loaders(ctx.model())) {
      throw ConfigError(
          "lt[E781] The Batch size finder cannot be used with loaders passed directly; "
          "expected a data module, or a model, that makes them with its batch_size");
    }
  }
  template <class Model>
  static constexpr bool makes_loaders(const Model&) {
    return declares<hook::train_dataloader, Model>;
  }

  // The loop has its loaders already: it goes on with new ones.
  template <RunFn Fn, class Ctx>
  void evaluate(Ctx& ctx) {
    if (ctx.fn() != Fn || ctx.sanity_checking()) {
      return;
    }
    check(ctx);
    auto& engine = ctx.engine();
    found_ = find_batch_size<Fn>(engine, options_);
    if constexpr (Fn == RunFn::predict) {
      engine.load_predict_data();
      engine.begin_predictions(engine.predict_source().max_batches().size());
    } else {
      engine.template load_eval_data<detail::evaluation_of<Fn>>();
    }
    detail::source_of<Fn>(engine).restart(0);
  }

  Options options_;
  std::optional<std::int64_t> found_;
};

}  // namespace lt
