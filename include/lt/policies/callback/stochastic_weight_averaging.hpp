// SPDX-License-Identifier: Apache-2.0
// StochasticWeightAveraging: the mean of the weights at the starts of the last epochs. Includes
// torch::nn's batch normalization, so it is a door of its own beside lt/lt.hpp.
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/nn/averaged_weights.hpp"
#include "lt/nn/batch_norm.hpp"
#include "lt/optim/lr_scheduler/swa_lr.hpp"
#include "lt/policies/callback.hpp"
#include "lt/tensor.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// The way from the present learning rate to that of the averaging.
enum class AnnealingStrategy : std::uint8_t { cos, linear };

constexpr std::string_view enum_name(AnnealingStrategy strategy) {
  return strategy == AnnealingStrategy::cos ? "cos" : "linear";
}

/// Lightning's arguments of `StochasticWeightAveraging`. `swa_lrs` must be given: one rate, or one
/// for each parameter group. `swa_epoch_start` is a number of epochs (1 is the first epoch), or a
/// fraction of `max_epochs`, written with a point.
struct StochasticWeightAveragingOptions {
  std::vector<double> swa_lrs{};
  BatchLimit swa_epoch_start = 0.8;
  std::int64_t annealing_epochs = 10;
  AnnealingStrategy annealing_strategy = AnnealingStrategy::cos;
  Text device = "cpu";
};

/// What StochasticWeightAveraging keeps in checkpoints.
struct StochasticWeightAveragingState {
  std::int64_t n_averaged = 0;
  std::int64_t latest_update_epoch = -1;
  std::optional<optim::SWALR::State> scheduler_state{};
  checkpoint::Value average_model_state{};
};

}  // namespace lt

LT_REFLECT(lt::StochasticWeightAveragingOptions,
           (swa_lrs, "learning rate while averaging; one, or one per parameter group"),
           (swa_epoch_start, "first epoch of the average, from 1, or a fraction of max_epochs"),
           (annealing_epochs, "epochs on the way to that rate"),
           (annealing_strategy, "the way there: cos or linear"),
           (device, "where the average is kept; empty: where the model is"))
LT_REFLECT(lt::StochasticWeightAveragingState, (n_averaged, "models in the average"),
           (latest_update_epoch, "epoch of the last update"),
           (scheduler_state, "of the schedule, once it has begun"),
           (average_model_state, "the average by name"))

LT_CHECKS(lt::StochasticWeightAveragingOptions,
          LT_CHECK(E610, swa_epoch_start,
                   o.swa_epoch_start.valid() &&
                       (o.swa_epoch_start.is_fraction() || o.swa_epoch_start.count() >= 1),
                   "must be a number of epochs, 1 or more, or a fraction between 0.0 and 1.0"),
          LT_CHECK(E611, swa_lrs,
                   !o.swa_lrs.empty() && std::all_of(o.swa_lrs.begin(), o.swa_lrs.end(),
                                                     [](double lr) { return lr > 0.0; }),
                   "must be one or more rates above 0"),
          LT_CHECK(E612, annealing_epochs, o.annealing_epochs >= 0, "must be 0 or more"))

namespace lt {

/// Averages the weights at the start of each epoch from `swa_epoch_start` on, brings the learning
/// rate to `swa_lrs` (in place of the model's own schedule), and gives the model the average at the
/// end. A model with batch normalization gets one more epoch, forward only, in which the running
/// statistics are gathered anew under the average.
///
/// Errors: lt::ConfigError at the start of fit for another number of optimizers than one, more than
/// one schedule, or a fraction without `max_epochs`.
/// Source: Lightning, callbacks/stochastic_weight_avg.py.
class StochasticWeightAveraging {
 public:
  using Options = StochasticWeightAveragingOptions;
  using State = StochasticWeightAveragingState;
  /// The new average from the old one, the model's weights, and the number of models so far.
  using AvgFn = Tensor (*)(const Tensor& averaged, const Tensor& current, std::int64_t n);
  static constexpr std::string_view name = "StochasticWeightAveraging";
  static constexpr bool replaces_schedules = true;

  explicit StochasticWeightAveraging(Options options, AvgFn average = avg_fn)
      : options_(std::move(options)), avg_fn_(average) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  /// Models in the average; nothing before it has begun.
  std::optional<std::int64_t> n_averaged() const {
    return average_ && initialized_ ? std::optional(average_->n_averaged) : std::nullopt;
  }
  /// First epoch with an update, counted from 0; known from the start of fit on.
  std::int64_t swa_start() const { return std::max<std::int64_t>(epoch_start_ - 1, 0); }
  /// Whether an epoch is one whose start enters the average.
  bool averages_in(std::int64_t epoch) const {
    return epoch >= swa_start() && (max_epochs_ == -1 || epoch < max_epochs_);
  }

  static Tensor avg_fn(const Tensor& averaged, const Tensor& current, std::int64_t n) {
    return averaged.add(current.sub(averaged).div(n + 1));
  }

  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    using Model = std::remove_cvref_t<decltype(ctx.model())>;
    static_assert(std::is_base_of_v<torch::nn::Module, Model>,
                  "lt[E618] StochasticWeightAveraging needs a model that is a torch::nn::Module; "
                  "Fix: derive it from lt::nn::Module");
    RunView& run = ctx;
    const std::int64_t max_epochs = run.state().plan.max_epochs;
    check(ctx, max_epochs);
    epoch_start_ = options_.swa_epoch_start.is_fraction()
                       ? static_cast<std::int64_t>(static_cast<double>(max_epochs) *
                                                   options_.swa_epoch_start.fraction())
                       : options_.swa_epoch_start.count();
    max_epochs_ = max_epochs;
    initialized_ = false;
    scheduler_ = nullptr;
    has_batch_norm_ = nn::has_batch_norm(ctx.model());
    if (has_batch_norm_ && max_epochs != -1) {
      run.state().plan.max_epochs += 1;  // for the statistics
    }
    average_.emplace(ctx.model(), device_of(options_.device));
    if (restored_) {
      average_->load_state_dict(restored_->average_model_state);
      average_->n_averaged = restored_->n_averaged;
      latest_update_epoch_ = restored_->latest_update_epoch;
      if (restored_->scheduler_state) {
        // The saved schedule is no state of the model's own.
        ctx.replace_schedules(std::nullopt);
      }
    }
  }

  template <class Ctx>
  void on_train_epoch_start(Ctx& ctx) {
    RunView& run = ctx;
    const std::int64_t epoch = run.current_epoch();
    if (averages_in(epoch)) {
      if (!initialized_) {
        begin(ctx);
      }
      if (epoch > latest_update_epoch_) {
        average_->update(avg_fn_, AveragedWeights::Buffers::leave);
        latest_update_epoch_ = epoch;
      }
    }
    if (max_epochs_ != -1 && epoch == max_epochs_) {
      begin_statistics(ctx);
    }
  }

  template <class Ctx>
  void on_train_epoch_end(Ctx& ctx) {
    ctx.skip_backward(false);
  }

  void on_train_end(RunView& run) {
    const std::int64_t last = run.current_epoch() - 1;
    Plan& plan = run.state().plan;
    if (has_batch_norm_ && max_epochs_ != -1 && last == max_epochs_) {
      plan.accumulate_grad_batches = accumulate_;
      plan.num_training_batches = plan.num_training_batches.value() - 1;
      plan.max_epochs -= 1;
      statistics_.restore();
    } else if (max_epochs_ == -1 || last == max_epochs_ - 1) {
      average_->copy_to_model(false);
    }
    restored_.reset();
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const { return std::string(name); }

  State state_dict() const {
    State state;
    state.latest_update_epoch = latest_update_epoch_;
    if (average_) {
      state.n_averaged = initialized_ ? average_->n_averaged : 0;
      state.average_model_state = average_->state_dict();
    }
    if (scheduler_ != nullptr) {
      state.scheduler_state = scheduler_->state();
    }
    return state;
  }
  /// Taken up at the start of the fit.
  void load_state_dict(State state) { restored_ = std::move(state); }

 private:
  template <class Ctx>
  void check(Ctx& ctx, std::int64_t max_epochs) const {
    if (ctx.optimizer_count() != 1) {
      throw ConfigError(text("lt[E613] StochasticWeightAveraging: found ", ctx.optimizer_count(),
                             " optimizers; expected one"));
    }
    if (ctx.schedule_count() > 1) {
      throw ConfigError(text("lt[E614] StochasticWeightAveraging: found ", ctx.schedule_count(),
                             " schedules; expected one or none"));
    }
    if (options_.swa_epoch_start.is_fraction() && max_epochs == -1) {
      throw ConfigError(text("lt[E615] StochasticWeightAveraging: swa_epoch_start = ",
                             options_.swa_epoch_start,
                             " is a fraction, but max_epochs = -1; expected a number of epochs"));
    }
  }

  // The learning rate is brought to that of the averaging from here on.
  template <class Ctx>
  void begin(Ctx& ctx) {
    RunView& run = ctx;
    initialized_ = true;
    const bool cosine = options_.annealing_strategy == AnnealingStrategy::cos;
    const std::size_t groups = run.optimizer_groups().size();
    const auto rates = options_.swa_lrs.size() == 1
                           ? std::vector<double>(groups, options_.swa_lrs[0])
                           : options_.swa_lrs;
    optim::SWALR scheduler({.swa_lr = rates,
                            .anneal_epochs = options_.annealing_epochs,
                            .anneal_strategy = std::string(enum_name(options_.annealing_strategy)),
                            .last_epoch = cosine ? run.state().plan.max_epochs : -1});
    ctx.for_each_schedule([&](std::size_t, auto& old) {
      if (old.options.interval != ScheduleInterval::epoch || old.options.frequency != 1) {
        run.messages().warn("W610", text("StochasticWeightAveraging moves its schedule once per "
                                         "epoch; ", old.class_name(), " moved otherwise"));
      }
      run.messages().info("I610", text("Swapping scheduler `", old.class_name(), "` for `SWALR`"));
    });
    scheduler_ = ctx.replace_schedules(std::move(scheduler), rates);
    if (restored_ && restored_->scheduler_state) {
      scheduler_->load_state(*restored_->scheduler_state);
    } else if (run.current_epoch() != swa_start()) {
      run.messages().warn("W611", text("StochasticWeightAveraging begins in epoch ",
                                       run.current_epoch(), ", after its start in epoch ",
                                       swa_start(), ", without the state of a checkpoint"));
    }
  }

  // The epoch after the last: forward only, for the statistics of batch normalization.
  template <class Ctx>
  void begin_statistics(Ctx& ctx) {
    RunView& run = ctx;
    Plan& plan = run.state().plan;
    if (plan.num_training_batches.is_infinite()) {
      throw ConfigError("lt[E616] StochasticWeightAveraging: batch normalization needs a training "
                        "loader of known length");
    }
    average_->copy_to_model(false);
    statistics_.start(ctx.model());
    plan.num_training_batches = plan.num_training_batches.value() + 1;
    ctx.skip_backward(true);
    accumulate_ = plan.accumulate_grad_batches;
    plan.accumulate_grad_batches = plan.num_training_batches.value();
    if (run.options().compat != Compat::lightning) {
      // The loop ends the epoch with an optimizer step. Without gradients it changes nothing; those
      // of the last real batch may still be there.
      ctx.for_each_optimizer([](std::size_t, auto& optimizer) { optimizer.zero_grad(); });
    }
  }

  Options options_;
  AvgFn avg_fn_;
  std::int64_t epoch_start_ = 0;
  std::int64_t max_epochs_ = -1;  // without the one for the statistics
  bool has_batch_norm_ = false;
  bool initialized_ = false;
  std::optional<AveragedWeights> average_;
  optim::SWALR* scheduler_ = nullptr;  // the trainer's
  std::int64_t latest_update_epoch_ = -1;
  std::int64_t accumulate_ = 1;
  nn::CumulativeBatchNorm statistics_;
  std::optional<State> restored_;
};

}  // namespace lt
