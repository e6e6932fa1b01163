// SPDX-License-Identifier: Apache-2.0
// The options of a trainer after the modes that change several of them at once.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/environment_options.hpp"
#include "lt/core/trainer_options.hpp"

#include <utility>

namespace lt {

/// Fills in what environment variables say, checks the options and applies `barebones`, `fast_dev_run` and `overfit_batches`.
/// Errors: lt::ConfigError. Source: Lightning, trainer/setup.py.
inline TrainerOptions resolve_options(TrainerOptions given) {
  TrainerOptions o = with_environment(std::move(given));
  validate(o, "Trainer");
  if (o.barebones) {
    o.enable_checkpointing = o.enable_progress_bar = o.enable_model_summary = o.logger = false;
    o.log_every_n_steps = 0;
    o.num_sanity_val_steps = 0;
  }
  const bool overfit = !o.overfit_batches.is_zero();
  if (o.fast_dev_run > 0) {
    if (!overfit) {
      o.limit_train_batches = o.fast_dev_run;
      o.limit_val_batches = o.fast_dev_run;
    }
    o.limit_test_batches = o.fast_dev_run;
    o.limit_predict_batches = o.fast_dev_run;
    o.max_steps = o.fast_dev_run;
    o.max_epochs = 1;
    o.num_sanity_val_steps = 0;
    o.val_check_interval = 1.0;
    o.check_val_every_n_epoch = 1;
  }
  if (overfit) {
    o.limit_train_batches = o.overfit_batches;
    o.limit_val_batches = o.overfit_batches;
  }
  return o;
}

}  // namespace lt
