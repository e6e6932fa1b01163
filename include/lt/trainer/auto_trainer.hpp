// SPDX-License-Identifier: Apache-2.0
// The Trainer on accelerator::Auto: one trainer for each accelerator of the list is compiled, and
// the first whose device is there is made.
#pragma once

#include "lt/policies/accelerator/auto.hpp"
#include "lt/trainer.hpp"

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt {

/// A Trainer whose accelerator is chosen at construction. It offers what does not depend on the
/// accelerator; the rest is reached by `visit`. Instances of accelerators that were not chosen are
/// left aside.
///
/// Errors: lt::ConfigError (E818) if no accelerator of the list is there.
template <class Model, class Data, class S, class... As, class P, class... Ps>
class Trainer<Model, Data, S, accelerator::Auto<As...>, P, Ps...> {
  template <class A>
  using On = Trainer<Model, Data, S, A, P, Ps...>;
  using First = On<std::tuple_element_t<0, std::tuple<As...>>>;

 public:
  using Predictions = typename First::Predictions;

  template <class... Given>
  explicit Trainer(TrainerOptions options = {}, Given&&... given) {
    make<0, As...>(accelerator::Auto<As...>::first_available(), std::move(options), given...);
  }

  /// Calls `f(trainer)` with the trainer on the chosen accelerator.
  template <class F>
  decltype(auto) visit(F&& f) {
    return std::visit([&](auto& trainer) -> decltype(auto) { return f(*trainer); }, trainer_);
  }
  /// Which of the list was chosen, and its name.
  std::size_t chosen() const { return trainer_.index(); }
  std::string_view accelerator_name() const {
    constexpr std::string_view names[] = {As::name...};
    return names[chosen()];
  }

  Result fit(Model& model, Data& data, const RunOptions& options = {}) {
    return visit([&](auto& trainer) { return trainer.fit(model, data, options); });
  }
  /// All other forms of Trainer::fit.
  template <class M, class... Args>
  Result fit(M&& model, Args&&... args) {
    return visit([&](auto& trainer) {
      return trainer.fit(std::forward<M>(model), std::forward<Args>(args)...);
    });
  }
  template <class... Args>
  std::vector<MetricTable> validate(Args&&... args) {
    return visit([&](auto& trainer) { return trainer.validate(std::forward<Args>(args)...); });
  }
  template <class... Args>
  std::vector<MetricTable> test(Args&&... args) {
    return visit([&](auto& trainer) { return trainer.test(std::forward<Args>(args)...); });
  }
  template <class... Args>
  std::optional<Predictions> predict(Args&&... args) {
    return visit([&](auto& trainer) { return trainer.predict(std::forward<Args>(args)...); });
  }

  template <class Q>
  Q& get() {
    return visit([](auto& trainer) -> Q& { return trainer.template get<Q>(); });
  }
  const MetricTable& callback_metrics() {
    return visit([](auto& t) -> const MetricTable& { return t.callback_metrics(); });
  }
  const MetricTable& logged_metrics() {
    return visit([](auto& t) -> const MetricTable& { return t.logged_metrics(); });
  }
  const RunState& state() {
    return visit([](auto& t) -> const RunState& { return t.state(); });
  }
  void stop() {
    visit([](auto& trainer) { trainer.stop(); });
  }
  void save_checkpoint(const std::filesystem::path& path, bool weights_only = false) {
    visit([&](auto& trainer) { trainer.save_checkpoint(path, weights_only); });
  }
  void set_message_sink(MessageSink sink) {
    visit([&](auto& trainer) { trainer.set_message_sink(std::move(sink)); });
  }

 private:
  template <std::size_t I, class A, class... Rest, class... Given>
  void make(std::size_t index, TrainerOptions options, Given&... given) {
    if constexpr (sizeof...(Rest) > 0) {
      if (index != I) {
        make<I + 1, Rest...>(index, std::move(options), given...);
        return;
      }
    }
    std::apply(
        [&](auto&... mine) {
          trainer_.template emplace<I>(
              std::make_unique<On<A>>(std::move(options), std::move(mine)...));
        },
        std::tuple_cat(for_accelerator<A>(given)...));
  }
  template <class A, class G>
  static auto for_accelerator(G& given) {
    using Type = std::remove_cv_t<G>;
    if constexpr ((std::same_as<Type, As> || ...) && !std::same_as<Type, A>) {
      return std::tuple<>();
    } else {
      return std::tuple<G&>(given);
    }
  }

  std::variant<std::unique_ptr<On<As>>...> trainer_;
};

}  // namespace lt
