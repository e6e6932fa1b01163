// SPDX-License-Identifier: Apache-2.0
// The first accelerator of a list that is there, chosen when the program runs.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/accelerator.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace lt::accelerator {

/// Stands in the accelerator's slot of a Trainer (lt/trainer/auto_trainer.hpp): a program for each
/// of the list is compiled, and the first whose device is there runs.
///
///   lt::Trainer<Model, Data, lt::strategy::SingleDevice,
///               lt::accelerator::Auto<lt::accelerator::Cuda, lt::accelerator::Cpu>> trainer;
template <class... As>
struct Auto {
  using policy_family = accelerator_tag;
  static_assert(sizeof...(As) > 0,
                "lt[E887] accelerator::Auto has an empty list; Fix: name the "
                "accelerators to choose from, the preferred first");

  /// Which of the list is there. Errors: lt::ConfigError (E888) if none is, with the reasons.
  static std::size_t first_available() {
    std::size_t index = 0;
    std::string reasons;
    const bool found = (is_there<As>(index, reasons) || ...);
    if (!found) {
      throw ConfigError(text("lt[E888] no accelerator of the list is available: ", reasons,
                             "; expected one of them"));
    }
    return index;
  }

 private:
  template <class A>
  static bool is_there(std::size_t& index, std::string& reasons) {
    if (A::is_available()) {
      return true;
    }
    ++index;
    reasons += text(reasons.empty() ? "" : ", ", A::name);
    if constexpr (requires { A::why_unavailable(); }) {
      reasons += text(" (", A::why_unavailable(), ")");
    }
    return false;
  }
};

namespace detail {
template <std::size_t I, class F, class A, class... Rest>
decltype(auto) with_accelerator(std::size_t index, F& f, std::type_identity<A> first,
                                std::type_identity<Rest>... rest) {
  if constexpr (sizeof...(Rest) == 0) {
    return f(first);
  } else {
    return index == I ? f(first) : with_accelerator<I + 1>(index, f, rest...);
  }
}
}  // namespace detail

/// Calls `f(std::type_identity<A>())` for the first accelerator of the list that is there, and
/// returns what it returns, which is of one type for all: for loops on an lt::Fabric.
template <class... As, class F>
decltype(auto) with_first_available(F&& f) {
  return detail::with_accelerator<0>(Auto<As...>::first_available(), f,
                                     std::type_identity<As>()...);
}

}  // namespace lt::accelerator
