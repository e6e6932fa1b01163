// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"
#include "lt/optim/python_math.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lt::optim {

/// Cycles the rate between `base_lr` and `max_lr`, the momentum the other way; stepped after every
/// batch. `base_lr` and `max_lr` must be given: one value, or one for each group. Modes:
/// triangular, triangular2 (half as high at each cycle), exp_range (`gamma ** step` as high).
class CyclicLR : public SchedulerBase<CyclicLR> {
 public:
  static constexpr std::string_view class_name = "CyclicLR";
  static constexpr bool rates_by_group = true;

  /// Python's names and defaults.
  struct Options {
    std::vector<double> base_lr{};
    std::vector<double> max_lr{};
    std::int64_t step_size_up = 2000;
    std::optional<std::int64_t> step_size_down{};  ///< as step_size_up if empty
    std::string mode = "triangular";
    double gamma = 1.0;
    bool cycle_momentum = true;
    std::vector<double> base_momentum{0.8};
    std::vector<double> max_momentum{0.9};
    std::int64_t last_epoch = -1;
  };
  struct State : SchedulerState {
    std::vector<double> max_lrs{};
    double total_size = 0;
    double step_ratio = 0;
    std::string mode = "triangular";
    double gamma = 1.0;
    std::string scale_mode = "cycle";
    bool cycle_momentum = true;
    bool use_beta1 = false;
    std::vector<double> base_momentums{};
    std::vector<double> max_momentums{};
    std::optional<double> _scale_fn_custom{};  ///< always empty; Python wants the key
  };

  explicit CyclicLR(Options options) : options_(std::move(options)) {
    const Options& o = options_;
    detail::require(o.step_size_up > 0, class_name, "step_size_up", o.step_size_up, "1 or more");
    const std::int64_t down = o.step_size_down.value_or(o.step_size_up);
    detail::require(down > 0, class_name, "step_size_down", down, "1 or more");
    detail::require(o.mode == "triangular" || o.mode == "triangular2" || o.mode == "exp_range",
                    class_name, "mode", std::string_view(o.mode),
                    "triangular, triangular2 or exp_range");
    const double up = static_cast<double>(o.step_size_up);
    state_.total_size = up + static_cast<double>(down);
    state_.step_ratio = up / state_.total_size;
    state_.mode = o.mode;
    state_.gamma = o.gamma;
    state_.scale_mode = o.mode == "exp_range" ? "iterations" : "cycle";
    state_.cycle_momentum = o.cycle_momentum;
    state_.last_epoch = o.last_epoch;
  }

  /// As SchedulerBase::attach; first sets the groups' rates to `base_lr`, and their momentum.
  void attach(std::span<GroupRates> groups) {
    const Options& o = options_;
    const std::vector<double> base_lrs =
        detail::per_group(class_name, "base_lr", o.base_lr, groups.size());
    state_.max_lrs = detail::per_group(class_name, "max_lr", o.max_lr, groups.size());
    if (o.cycle_momentum) {
      state_.base_momentums =
          detail::per_group(class_name, "base_momentum", o.base_momentum, groups.size());
      state_.max_momentums =
          detail::per_group(class_name, "max_momentum", o.max_momentum, groups.size());
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      GroupRates& group = groups[i];
      if (o.last_epoch == -1) {
        group.lr = base_lrs[i];
      }
      if (o.cycle_momentum) {
        if (!group.momentum) {
          throw ConfigError(
              "CyclicLR: the optimizer has no momentum or betas; expected one of them with "
              "cycle_momentum");
        }
        state_.use_beta1 = group.momentum_is_beta1;
        if (o.last_epoch == -1) {
          group.momentum = state_.max_momentums[i];
          group.max_momentum = state_.max_momentums[i];
          group.base_momentum = state_.base_momentums[i];
        }
      }
    }
    SchedulerBase::attach(groups);
    state_.base_lrs = base_lrs;
  }

 private:
  friend SchedulerBase;

  double next_lr(GroupRates& group, std::size_t i) const {
    const double epoch = static_cast<double>(state_.last_epoch);
    const double cycle = std::floor(1 + epoch / state_.total_size);
    const double x = 1.0 + epoch / state_.total_size - cycle;
    const double scale =
        x <= state_.step_ratio ? x / state_.step_ratio : (x - 1) / (state_.step_ratio - 1);
    const double amplitude = state_.mode == "triangular" ? 1.0
                             : state_.mode == "triangular2"
                                 ? 1 / detail::python_pow(2.0, cycle - 1)
                                 : detail::python_pow(state_.gamma, epoch);
    if (state_.cycle_momentum) {
      const double height = (state_.max_momentums[i] - state_.base_momentums[i]) * scale;
      group.momentum = state_.max_momentums[i] - detail::rounded(height * amplitude);
    }
    const double height = (state_.max_lrs[i] - state_.base_lrs[i]) * scale;
    return state_.base_lrs[i] + detail::rounded(height * amplitude);
  }

  Options options_;
  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::CyclicLR::Options, (base_lr, "lowest rate; one value or one for each group"),
           (max_lr, "highest rate; one value or one for each group"),
           (step_size_up, "steps of the rising half"),
           (step_size_down, "steps of the falling half"),
           (mode, "triangular, triangular2 or exp_range"), (gamma, "base of exp_range"),
           (cycle_momentum, "cycle the momentum too"), (base_momentum, "lowest momentum"),
           (max_momentum, "highest momentum"), (last_epoch, "where to resume; -1 starts"))
LT_REFLECT(lt::optim::CyclicLR::State, (max_lrs, "highest rate of each group"),
           (total_size, "steps of a cycle"), (step_ratio, "part of a cycle that rises"),
           (mode, "triangular, triangular2 or exp_range"), (gamma, "base of exp_range"),
           (scale_mode, "what the amplitude depends on"),
           (cycle_momentum, "cycle the momentum too"), (use_beta1, "the momentum is betas[0]"),
           (base_momentums, "lowest momentum of each group"),
           (max_momentums, "highest momentum of each group"),
           (_scale_fn_custom, "always empty; Python wants it"), LT_DETAIL_SCHEDULER_STATE)
