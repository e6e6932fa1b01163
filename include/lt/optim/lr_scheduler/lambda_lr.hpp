// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/optim/lr_scheduler/scheduler_base.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace lt::optim {

/// The state of LambdaLR; the functions themselves are not saved, as in Python.
struct LambdaLRState : SchedulerState {
  std::vector<std::optional<double>> lr_lambdas{};  ///< one empty entry for each group
};

/// Initial rate times a function of the step: `LambdaLR([](std::int64_t epoch) { return ...; })`.
/// One function for all groups, or one for each.
template <class... Fs>
requires(sizeof...(Fs) > 0 && (std::invocable<const Fs&, std::int64_t> && ...))
class LambdaLR : public SchedulerBase<LambdaLR<Fs...>> {
 public:
  static constexpr std::string_view class_name = "LambdaLR";
  static constexpr bool rates_by_group = true;
  using State = LambdaLRState;

  explicit LambdaLR(Fs... lr_lambdas) : lr_lambdas_(std::move(lr_lambdas)...) {}

  /// As SchedulerBase::attach. Errors: ConfigError if the functions do not fit the groups.
  void attach(std::span<GroupRates> groups) {
    if constexpr (sizeof...(Fs) > 1) {
      detail::require_groups(class_name, groups.size(), sizeof...(Fs));
    }
    state_.lr_lambdas.assign(groups.size(), std::nullopt);
    SchedulerBase<LambdaLR>::attach(groups);
  }

 private:
  friend SchedulerBase<LambdaLR>;

  double factor(std::size_t i) const {
    if constexpr (sizeof...(Fs) == 1) {
      return static_cast<double>(std::get<0>(lr_lambdas_)(state_.last_epoch));
    } else {
      return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
        double result = 0;
        static_cast<void>(
            ((Is == i &&
              (result = static_cast<double>(std::get<Is>(lr_lambdas_)(state_.last_epoch)), true)) ||
             ...));
        return result;
      }(std::index_sequence_for<Fs...>{});
    }
  }

  double next_lr(const GroupRates&, std::size_t i) const { return state_.base_lrs[i] * factor(i); }

  std::tuple<Fs...> lr_lambdas_;
  State state_;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::LambdaLRState, (lr_lambdas, "empty entries; Python wants them"),
           LT_DETAIL_SCHEDULER_STATE)
