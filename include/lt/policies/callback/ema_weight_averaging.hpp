// SPDX-License-Identifier: Apache-2.0
// EMAWeightAveraging: an average of the weights in which older ones fade.
#pragma once

#include "lt/policies/callback/weight_averaging.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's arguments of `EMAWeightAveraging`.
struct EMAWeightAveragingOptions {
  Text device{};
  bool use_buffers = true;
  double decay = 0.999;
  std::int64_t update_every_n_steps = 1;
  std::optional<std::int64_t> update_starting_at_step{};
  std::optional<std::int64_t> update_starting_at_epoch{};
};

}  // namespace lt

LT_REFLECT(lt::EMAWeightAveragingOptions,
           (device, "where the average is kept; empty: where the model is"),
           (use_buffers, "average buffers too; if not, they are copied"),
           (decay, "what is left of the average at each update"),
           (update_every_n_steps, "optimizer steps between updates; 0: none by steps"),
           (update_starting_at_step, "first step, counted from 0, with an update"),
           (update_starting_at_epoch, "first epoch, counted from 0, with an update at its end"))

LT_CHECKS(lt::EMAWeightAveragingOptions,
          LT_CHECK(E602, decay, o.decay >= 0.0 && o.decay <= 1.0, "must be between 0 and 1"),
          LT_CHECK(E603, update_every_n_steps, o.update_every_n_steps >= 0, "must be 0 or more"))

namespace lt {

/// average = decay * average + (1 - decay) * weights, after steps and epochs that the options
/// choose; the first update copies the weights. For the rest see WeightAveraging.
/// Source: Lightning, callbacks/weight_averaging.py; torch/optim/swa_utils.py, get_ema_avg_fn.
class EMAWeightAveraging : public BasicWeightAveraging<EMAWeightAveraging> {
 public:
  using Options = EMAWeightAveragingOptions;
  static constexpr std::string_view name = "EMAWeightAveraging";

  EMAWeightAveraging() = default;
  explicit EMAWeightAveraging(Options options) : options_(std::move(options)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }

  bool should_update(std::optional<std::int64_t> step_idx,
                     std::optional<std::int64_t> epoch_idx) const {
    const auto& o = options_;
    if (step_idx && o.update_every_n_steps > 0 && *step_idx % o.update_every_n_steps == 0 &&
        *step_idx >= o.update_starting_at_step.value_or(*step_idx)) {
      return true;
    }
    return epoch_idx && o.update_starting_at_epoch && *epoch_idx >= *o.update_starting_at_epoch;
  }
  Tensor average(const Tensor& averaged, const Tensor& current, std::int64_t) const {
    return averaged.mul(options_.decay).add(current.mul(1 - options_.decay));
  }

 private:
  Options options_;
};

}  // namespace lt
