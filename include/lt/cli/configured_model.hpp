// SPDX-License-Identifier: Apache-2.0
// A model whose optimizer and schedule the command line chooses.
#pragma once

#include "lt/cli/any_scheduler.hpp"
#include "lt/cli/choices.hpp"
#include "lt/cli/settings.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/schedule_options.hpp"
#include "lt/core/text.hpp"
#include "lt/optim/configured.hpp"
#include "lt/optim/one_of.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::cli {

namespace detail {

// The optimizers of the command line, and the model's own beside them.
template <class Own, class... Os>
struct OneOfWith {
  using type = std::conditional_t<(std::same_as<Own, Os> || ...), optim::OneOf<Os...>,
                                  optim::OneOf<Os..., Own>>;
};
template <class... Os>
struct OneOfWith<void, Os...> {
  using type = optim::OneOf<Os...>;
};

template <class Model>
auto own_optimizer() {
  if constexpr (declares<hook::configure_optimizers, Model>) {
    using Own = decltype(std::declval<Model&>().configure_optimizers());
    static_assert(
        requires(Own& own) { own.param_groups(); },
        "lt::cli::optimizers: the model's own configure_optimizers gives more than one "
        "plain optimizer; Fix: leave lt::cli::optimizers out, or return the optimizer "
        "alone and choose its schedule with lt::cli::schedulers");
    return std::type_identity<Own>{};
  } else {
    return std::type_identity<void>{};
  }
}

}  // namespace detail

/// `Model` with `configure_optimizers` of the command line. Where no optimizer is chosen, the
/// model's own stays; a model without one gets the first.
template <class Model, class Optimizers, class Schedulers>
class ConfiguredModel;

template <class Model, class... Os, class... Ss>
class ConfiguredModel<Model, optimizers<Os...>, schedulers<Ss...>> : public Model {
  using Own = typename decltype(detail::own_optimizer<Model>())::type;
  using Optimizer = typename detail::OneOfWith<Own, Os...>::type;
  using Scheduler =
      std::conditional_t<sizeof...(Ss) == 0, std::type_identity<void>, AnyScheduler<Ss...>>;

 public:
  using Model::Model;

  /// What was chosen; empty lists leave the model's own. Errors: lt::ConfigError for options that
  /// the chosen classes refuse.
  void choose(std::vector<Chosen> optimizer, std::vector<Chosen> scheduler,
              ScheduleOptions schedule) {
    optimizer_ = std::move(optimizer);
    scheduler_ = std::move(scheduler);
    schedule_ = std::move(schedule);
    std::size_t i = 0;
    (void)((!optimizer_.empty() && i++ == optimizer_[0].kind &&
            (Os::check(*static_cast<const typename Os::Options*>(optimizer_[0].options.get())),
             true)) ||
           ...);
    if constexpr (sizeof...(Ss) > 0) {
      if (!scheduler_.empty()) {
        (void)make_scheduler();
      }
    }
  }

  auto configure_optimizers() {
    if constexpr (sizeof...(Ss) == 0) {
      return make_optimizer();
    } else {
      std::pair<std::vector<Optimizer>, std::vector<Schedule<Scheduler>>> out;
      out.first.push_back(make_optimizer());
      if (!scheduler_.empty()) {
        out.second.push_back({make_scheduler(), schedule_});
      }
      return out;
    }
  }

 private:
  Optimizer make_optimizer() {
    if constexpr (!std::is_void_v<Own>) {
      if (optimizer_.empty()) {
        return Optimizer(Model::configure_optimizers());
      }
    }
    const Chosen chosen = optimizer_.empty() ? Chosen{} : optimizer_[0];
    std::optional<Optimizer> made;
    std::size_t i = 0;
    (void)((i++ == chosen.kind && (made.emplace(make_one<Os>(chosen.options)), true)) || ...);
    return std::move(*made);
  }
  template <class O>
  Optimizer make_one(const std::shared_ptr<void>& options) {
    using Given = typename O::Options;  // `Options` is the model's
    return Optimizer(O(this->parameters(),
                       options == nullptr ? Given{} : *static_cast<const Given*>(options.get())));
  }
  Scheduler make_scheduler() {
    std::optional<Scheduler> made;
    std::size_t i = 0;
    (void)((i++ == scheduler_[0].kind &&
            (made.emplace(make_object<Ss>(scheduler_[0].options)), true)) ||
           ...);
    return std::move(*made);
  }

  std::vector<Chosen> optimizer_;
  std::vector<Chosen> scheduler_;
  ScheduleOptions schedule_;
};

}  // namespace lt::cli
