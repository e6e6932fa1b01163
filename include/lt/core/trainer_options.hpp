// SPDX-License-Identifier: Apache-2.0
// The options of a Trainer: names and defaults are Lightning's (devices, strategy, precision,
// callbacks, loggers and profilers are types, so they are not here).
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/limits.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace lt {

/// How `gradient_clip_val` is applied: to the norm of all gradients, or to each element.
enum class GradClipAlgorithm : std::uint8_t { norm, value };

constexpr std::string_view enum_name(GradClipAlgorithm algorithm) {
  return algorithm == GradClipAlgorithm::norm ? "norm" : "value";
}

/// Whose behaviour is followed where Lightning's is a defect: see docs/compatibility.md.
enum class Compat : std::uint8_t { lt, lightning };

constexpr std::string_view enum_name(Compat compat) {
  return compat == Compat::lt ? "lt" : "lightning";
}

/// Everything that can be set on a Trainer. Empty optionals stand for Lightning's own rules.
struct TrainerOptions {
  std::optional<std::int64_t> max_epochs{};
  std::optional<std::int64_t> min_epochs{};
  std::int64_t max_steps = -1;
  std::optional<std::int64_t> min_steps{};
  std::optional<Duration> max_time{};
  BatchLimit limit_train_batches = 1.0;
  BatchLimit limit_val_batches = 1.0;
  BatchLimit limit_test_batches = 1.0;
  BatchLimit limit_predict_batches = 1.0;
  BatchLimit overfit_batches = 0.0;
  std::int64_t fast_dev_run = 0;
  Interval val_check_interval{};
  std::optional<std::int64_t> check_val_every_n_epoch = 1;
  std::optional<std::int64_t> num_sanity_val_steps{};
  std::optional<std::int64_t> log_every_n_steps{};
  std::optional<bool> enable_checkpointing{};
  std::optional<bool> enable_progress_bar{};
  std::optional<bool> enable_model_summary{};
  std::optional<bool> logger{};
  std::int64_t accumulate_grad_batches = 1;
  std::optional<double> gradient_clip_val{};
  std::optional<GradClipAlgorithm> gradient_clip_algorithm{};
  std::optional<bool> deterministic{};
  bool inference_mode = true;
  bool use_distributed_sampler = true;
  bool detect_anomaly = false;
  bool barebones = false;
  std::int64_t reload_dataloaders_every_n_epochs = 0;
  Text default_root_dir{};
  bool enable_autolog_hparams = true;
  bool handle_signals = false;
  Compat compat = Compat::lt;
};

}  // namespace lt

LT_REFLECT(lt::TrainerOptions,
           (max_epochs, "stop after this many epochs; -1: no limit; unset: 1000, or no limit when "
                        "max_steps is set"),
           (min_epochs, "train at least this many epochs"),
           (max_steps, "stop after this many optimizer steps; -1: no limit"),
           (min_steps, "train at least this many optimizer steps"),
           (max_time, "stop after this time in seconds"),
           (limit_train_batches, "training batches per epoch: a number, or a fraction"),
           (limit_val_batches, "validation batches per loader: a number, or a fraction"),
           (limit_test_batches, "test batches per loader: a number, or a fraction"),
           (limit_predict_batches, "prediction batches per loader: a number, or a fraction"),
           (overfit_batches, "train and validate on this many batches, unshuffled; 0: off"),
           (fast_dev_run, "run this many batches of everything, once; 0: off"),
           (val_check_interval, "validate after this many batches, fraction of an epoch, or time"),
           (check_val_every_n_epoch, "validate every n epochs; none: count batches across epochs"),
           (num_sanity_val_steps, "validation batches tried before training; -1: all; default 2"),
           (log_every_n_steps, "write step metrics every n steps; 0: never; default 50"),
           (enable_checkpointing, "keep checkpoints; default true"),
           (enable_progress_bar, "show progress; default true"),
           (enable_model_summary, "print a summary of the model; default true"),
           (logger, "write the default log when no logger is among the parts; default true"),
           (accumulate_grad_batches, "batches per optimizer step"),
           (gradient_clip_val, "clip gradients to this value; unset: no clipping"),
           (gradient_clip_algorithm, "clip by norm (default) or by value"),
           (deterministic, "use deterministic algorithms only"),
           (inference_mode, "validate, test and predict under inference mode rather than no-grad"),
           (use_distributed_sampler, "give each rank its share of the data"),
           (detect_anomaly, "stop at the operation whose gradient is NaN; slow"),
           (barebones, "switch off everything that costs time, for benchmarks"),
           (reload_dataloaders_every_n_epochs, "ask for the loaders again every n epochs; 0: never"),
           (default_root_dir, "where logs and checkpoints go; default: the current folder"),
           (enable_autolog_hparams, "send hyper-parameters to the loggers"),
           (handle_signals, "end the run in good order on Ctrl-C and SIGTERM"),
           (compat, "lt, or lightning: repeat Lightning's defects too"))

LT_CHECKS(lt::TrainerOptions,
          LT_CHECK(E120, max_epochs, !o.max_epochs || *o.max_epochs >= -1,
                   "must be -1 (no limit), 0 or more"),
          LT_CHECK(E121, max_steps, o.max_steps >= -1, "must be -1 (no limit), 0 or more"),
          LT_CHECK(E122, min_epochs, !o.min_epochs || *o.min_epochs >= 0, "must be 0 or more"),
          LT_CHECK(E123, min_steps, !o.min_steps || *o.min_steps >= 0, "must be 0 or more"),
          LT_CHECK(E124, fast_dev_run, o.fast_dev_run >= 0,
                   "must be 0 (off) or a number of batches"),
          LT_CHECK(E125, limit_train_batches, o.limit_train_batches.valid(),
                   "must be a fraction between 0.0 and 1.0 or a whole number of batches"),
          LT_CHECK(E126, limit_val_batches, o.limit_val_batches.valid(),
                   "must be a fraction between 0.0 and 1.0 or a whole number of batches"),
          LT_CHECK(E127, limit_test_batches, o.limit_test_batches.valid(),
                   "must be a fraction between 0.0 and 1.0 or a whole number of batches"),
          LT_CHECK(E128, limit_predict_batches, o.limit_predict_batches.valid(),
                   "must be a fraction between 0.0 and 1.0 or a whole number of batches"),
          LT_CHECK(E129, overfit_batches, o.overfit_batches.valid(),
                   "must be a fraction between 0.0 and 1.0 or a whole number of batches"),
          LT_CHECK(E130, val_check_interval, o.val_check_interval.valid(),
                   "must be a fraction between 0.0 and 1.0, a whole number of batches, or a time"),
          LT_CHECK(E133, val_check_interval,
                   o.check_val_every_n_epoch || o.val_check_interval.is_default() ||
                       o.val_check_interval.is_time() ||
                       !o.val_check_interval.batches().is_fraction(),
                   "must be a whole number of batches or a time when check_val_every_n_epoch is "
                   "none"),
          LT_CHECK(E134, check_val_every_n_epoch,
                   !o.check_val_every_n_epoch || *o.check_val_every_n_epoch >= 1,
                   "must be 1 or more, or none"),
          LT_CHECK(E135, num_sanity_val_steps,
                   !o.num_sanity_val_steps || *o.num_sanity_val_steps >= -1,
                   "must be -1 (all), 0 or more"),
          LT_CHECK(E136, log_every_n_steps, !o.log_every_n_steps || *o.log_every_n_steps >= 0,
                   "must be 0 (never) or more"),
          LT_CHECK(E137, accumulate_grad_batches, o.accumulate_grad_batches >= 1,
                   "must be 1 or more"),
          LT_CHECK(E138, reload_dataloaders_every_n_epochs,
                   o.reload_dataloaders_every_n_epochs >= 0, "must be 0 (never) or more"),
          LT_CHECK(E139, enable_checkpointing, !o.barebones || !o.enable_checkpointing.value_or(false),
                   "cannot be true together with barebones"),
          LT_CHECK(E140, logger, !o.barebones || !o.logger.value_or(false),
                   "cannot be true together with barebones"),
          LT_CHECK(E141, enable_progress_bar,
                   !o.barebones || !o.enable_progress_bar.value_or(false),
                   "cannot be true together with barebones"),
          LT_CHECK(E142, log_every_n_steps, !o.barebones || o.log_every_n_steps.value_or(0) == 0,
                   "must be 0 together with barebones"),
          LT_CHECK(E143, enable_model_summary,
                   !o.barebones || !o.enable_model_summary.value_or(false),
                   "cannot be true together with barebones"),
          LT_CHECK(E144, num_sanity_val_steps,
                   !o.barebones || o.num_sanity_val_steps.value_or(0) == 0,
                   "must be 0 together with barebones"),
          LT_CHECK(E145, fast_dev_run, !o.barebones || o.fast_dev_run == 0,
                   "must be 0 together with barebones"),
          LT_CHECK(E146, detect_anomaly, !o.barebones || !o.detect_anomaly,
                   "cannot be true together with barebones"))
