// SPDX-License-Identifier: Apache-2.0
// A scheduler that is chosen at run time. Only who uses it pays for it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/optim/lr_scheduler/constant_lr.hpp"
#include "lt/optim/lr_scheduler/cosine_annealing_lr.hpp"
#include "lt/optim/lr_scheduler/cosine_annealing_warm_restarts.hpp"
#include "lt/optim/lr_scheduler/cyclic_lr.hpp"
#include "lt/optim/lr_scheduler/exponential_lr.hpp"
#include "lt/optim/lr_scheduler/linear_lr.hpp"
#include "lt/optim/lr_scheduler/multi_step_lr.hpp"
#include "lt/optim/lr_scheduler/one_cycle_lr.hpp"
#include "lt/optim/lr_scheduler/polynomial_lr.hpp"
#include "lt/optim/lr_scheduler/reduce_lr_on_plateau.hpp"
#include "lt/optim/lr_scheduler/step_lr.hpp"

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt::optim {

/// Holds one of the schedulers `Ss`.
template <class... Ss>
class OneOfSchedulers {
 public:
  /// The state of the scheduler that is there.
  using State = std::variant<typename Ss::State...>;

  template <class S>
  requires(std::same_as<std::remove_cvref_t<S>, Ss> || ...)
  OneOfSchedulers(S&& scheduler) : scheduler_(std::forward<S>(scheduler)) {}

  /// Calls `f` with the scheduler that is there.
  template <class F>
  decltype(auto) visit(F&& f) {
    return std::visit(std::forward<F>(f), scheduler_);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), scheduler_);
  }

  std::string_view class_name() const {
    return visit([](const auto& scheduler) { return scheduler.class_name; });
  }
  /// True if `step` wants a metric.
  bool needs_metric() const {
    return visit([](const auto& scheduler) { return scheduler.needs_metric; });
  }

  void attach(std::span<GroupRates> groups) {
    visit([&](auto& scheduler) { scheduler.attach(groups); });
  }

  /// One step; `metric` is used by the schedulers that need one. Errors: ConfigError if it is
  /// missing for those.
  void step(std::span<GroupRates> groups, std::optional<double> metric = {}) {
    visit([&]<class S>(S& scheduler) {
      if constexpr (S::needs_metric) {
        if (!metric) {
          throw ConfigError(std::string(S::class_name) + ": step without a metric; expected one");
        }
        scheduler.step(groups, *metric);
      } else {
        scheduler.step(groups);
      }
    });
  }

  State state() const {
    return visit([](const auto& scheduler) { return State(scheduler.state()); });
  }
  /// Errors: CheckpointError if the state is that of another kind of scheduler.
  void load_state(const State& state) {
    visit([&]<class S>(S& scheduler) {
      const auto* own = std::get_if<typename S::State>(&state);
      if (own == nullptr) {
        throw CheckpointError(std::string(S::class_name) +
                              ": the saved state is that of another scheduler");
      }
      scheduler.load_state(*own);
    });
  }
  const std::vector<double>& last_lr() const {
    return visit(
        [](const auto& scheduler) -> const std::vector<double>& { return scheduler.last_lr(); });
  }

 private:
  std::variant<Ss...> scheduler_;
};

/// All schedulers whose type has no parameters.
using AnyLR = OneOfSchedulers<StepLR, MultiStepLR, ExponentialLR, LinearLR, ConstantLR,
                              PolynomialLR, CosineAnnealingLR, CosineAnnealingWarmRestarts,
                              OneCycleLR, CyclicLR, ReduceLROnPlateau>;

}  // namespace lt::optim
