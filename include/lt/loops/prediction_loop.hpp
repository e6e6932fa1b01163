// SPDX-License-Identifier: Apache-2.0
// The prediction run. Source: Lightning, loops/prediction_loop.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/loops/engine.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace lt {

/// Runs all batches through `predict_step`. The engine adds, beside what EvaluationLoop needs:
///   e.load_predict_data(), e.predict_source()
///   e.predict_step(batch, batch_idx, dataloader_idx)      -> opaque prediction
///   e.begin_predictions(loaders), e.store_prediction(prediction, dataloader_idx)
template <class E>
class PredictionLoop {
 public:
  explicit PredictionLoop(E& engine) : e_(&engine) {}

  /// False when there was nothing to predict.
  bool run() {
    if (e_->options().limit_predict_batches.is_zero()) {
      return false;
    }
    e_->load_predict_data();
    auto& source = e_->predict_source();
    const auto counts = source.max_batches();
    if (std::all_of(counts.begin(), counts.end(),
                    [](BatchCount count) { return count == BatchCount(0); })) {
      return false;
    }
    if (!source.sequential()) {
      throw ConfigError(
          "lt[E151] predict: the loaders are combined side by side; expected loaders that come one "
          "after the other (CombinedLoader mode sequential)");
    }
    const auto no_grad = e_->predict_guard();
    BatchProgress& progress = e_->state().predict_batches;
    progress.reset_on_run();
    source.set_limits(counts);
    source.restart(0);
    e_->begin_predictions(counts.size());

    e_->capture_modes();
    e_->template call_model<hook::on_predict_model_eval>();
    e_->template fire<hook::on_predict_start>();
    e_->template fire<hook::on_predict_epoch_start>();
    while (fetch(*e_, source, "[_PredictionLoop].predict_next")) {
      progress.is_last_batch = source.done();
      advance(source, progress);
    }
    e_->template fire<hook::on_predict_epoch_end>();
    e_->template fire<hook::on_predict_end>();
    e_->restore_modes();
    return true;
  }

 private:
  template <class Source>
  void advance(Source& source, BatchProgress& progress) {
    const std::int64_t batch_idx = source.batch_idx();
    const std::int64_t loader = source.dataloader_idx();
    auto& batch = e_->transfer(source.batch(), loader);
    progress.add_ready();
    e_->template fire<hook::on_predict_batch_start>(batch, batch_idx, loader);
    progress.add_started();
    auto prediction = e_->predict_step(batch, batch_idx, loader);
    progress.add_processed();
    e_->template fire<hook::on_predict_batch_end>(prediction, batch, batch_idx, loader);
    progress.add_completed();
    e_->store_prediction(std::move(prediction), loader);
    if (!progress.is_last_batch && e_->interrupted()) {
      throw Interrupted("SIGTERM received during prediction");
    }
  }

  E* e_;
};

}  // namespace lt
