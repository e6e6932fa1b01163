// SPDX-License-Identifier: Apache-2.0
// An optimizer that is chosen at run time, from a closed list. Only who uses it pays for it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/optim/group_rates.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace lt::optim {

/// Holds one of the optimizers `Os`; what the command line and configuration files choose.
template <class... Os>
class OneOf {
 public:
  template <class O>
  requires(std::same_as<std::remove_cvref_t<O>, Os> || ...)
  OneOf(O&& optimizer) : optimizer_(std::forward<O>(optimizer)) {}

  /// Calls `f` with the optimizer that is there.
  template <class F>
  decltype(auto) visit(F&& f) {
    return std::visit(std::forward<F>(f), optimizer_);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), optimizer_);
  }

  std::string_view class_name() const {
    return visit([](const auto& optimizer) { return optimizer.class_name; });
  }

  /// True if only `step(closure)` works (LBFGS).
  bool requires_closure() const {
    return visit([]<class O>(const O&) { return requires { O::requires_closure; }; });
  }

  void zero_grad(bool set_to_none = true) {
    visit([&](auto& optimizer) { optimizer.zero_grad(set_to_none); });
  }

  /// Errors: ConfigError if the optimizer needs a closure.
  void step() {
    visit([]<class O>(O& optimizer) {
      if constexpr (requires { optimizer.step(); }) {
        optimizer.step();
      } else {
        throw ConfigError(std::string(O::class_name) + ": step() without a closure; expected one");
      }
    });
  }

  template <std::invocable F>
  auto step(F&& closure) {
    using Result = std::invoke_result_t<F>;
    return visit([&]<class O>(O& optimizer) -> Result {
      if constexpr (std::is_void_v<Result> && requires { O::requires_closure; }) {
        throw ConfigError(std::string(O::class_name) +
                          ": the closure returns nothing; expected the loss");
      } else {
        return optimizer.step(closure);
      }
    });
  }

  std::size_t state_size() const {
    return visit([](const auto& optimizer) { return optimizer.state_size(); });
  }

 private:
  std::variant<Os...> optimizer_;
};

template <class... Os>
std::size_t group_count(const OneOf<Os...>& optimizer) {
  return optimizer.visit([](const auto& o) { return group_count(o); });
}

template <class... Os>
GroupRates rates(const OneOf<Os...>& optimizer, std::size_t i) {
  return optimizer.visit([&](const auto& o) { return rates(o, i); });
}

template <class... Os>
void set_rates(OneOf<Os...>& optimizer, std::size_t i, const GroupRates& rates) {
  optimizer.visit([&](auto& o) { set_rates(o, i, rates); });
}

}  // namespace lt::optim
