// SPDX-License-Identifier: Apache-2.0
// The profiler among the parts of a trainer, and the names of what it measures. Without a profiler
// there is nothing here that compiles to an instruction. Source: Lightning, trainer/call.py.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/text.hpp"
#include "lt/core/type_name.hpp"
#include "lt/loops/engine.hpp"

#include <array>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

namespace detail {

// The texts of `Pieces::pieces` as one, made while compiling.
template <class Pieces>
inline constexpr auto joined_storage = [] {
  constexpr std::size_t size = [] {
    std::size_t sum = 0;
    for (const std::string_view piece : Pieces::pieces) {
      sum += piece.size();
    }
    return sum;
  }();
  std::array<char, size> out{};
  std::size_t at = 0;
  for (const std::string_view piece : Pieces::pieces) {
    for (const char c : piece) {
      out[at++] = c;
    }
  }
  return out;
}();
template <class Pieces>
inline constexpr std::string_view joined{joined_storage<Pieces>.data(),
                                         joined_storage<Pieces>.size()};

template <class Owner, class H>
struct ModelAction {
  static constexpr std::array pieces{std::string_view("[LightningModule]"), type_name<Owner>(),
                                     std::string_view("."), hook_info(H::id).name};
};
template <class Owner, class H>
struct DataAction {
  static constexpr std::array pieces{std::string_view("[LightningDataModule]"), type_name<Owner>(),
                                     std::string_view("."), hook_info(H::id).name};
};
template <class Owner, class H>
struct StrategyAction {  // Python's classes end in "Strategy"
  static constexpr std::array pieces{std::string_view("[Strategy]"), type_name<Owner>(),
                                     std::string_view("Strategy."), hook_info(H::id).name};
};
template <class Owner>
struct TransferAction {
  static constexpr std::array pieces{std::string_view("[Strategy]"), type_name<Owner>(),
                                     std::string_view("Strategy.batch_to_device")};
};

// What runs between its making and its end is one action of the profiler.
template <class Profiler, class Name>
class Measured {
 public:
  Measured(Profiler& profiler, Name name) : profiler_(&profiler), name_(std::move(name)) {
    profiler_->start(name_);
  }
  ~Measured() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) {
      profiler_->stop(name_);
      return;
    }
    try {
      profiler_->stop(name_);
    } catch (const std::exception&) {
      // The exception under way is the one that matters.
    }
  }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;

 private:
  Profiler* profiler_;
  Name name_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace detail

/// Mixin of the trainer's engine, whose parts the user has given as `Ps`.
template <class Engine, class... Ps>
class ProfilerCalls {
  template <std::size_t I>
  auto& find_profiler() {
    using Part = std::tuple_element_t<I, std::tuple<Ps...>>;
    if constexpr (role_of<Part> == Role::profiler) {
      return std::get<I>(self().parts().user());
    } else {
      return find_profiler<I + 1>();
    }
  }
  Engine& self() { return static_cast<Engine&>(*this); }

 public:
  static constexpr bool is_profiled = ((role_of<Ps> == Role::profiler) || ...);

  /// Measures the action of that name until the result goes.
  auto measure(std::string_view action) {
    if constexpr (is_profiled) {
      auto& profiler = find_profiler<0>();
      return detail::Measured<std::remove_reference_t<decltype(profiler)>, std::string_view>(
          profiler, action);
    } else {
      return Unmeasured{};
    }
  }
  /// A hook of the model. Steps and the backward pass are the strategy's, as in Lightning.
  template <class H>
  auto measure_model() {
    using Model = std::remove_cvref_t<decltype(self().model())>;
    using Strategy = std::remove_cvref_t<decltype(self().fabric().strategy())>;
    if constexpr (!is_profiled) {
      return Unmeasured{};
    } else if constexpr (is_strategy_action<H>) {
      return measure(detail::joined<detail::StrategyAction<Strategy, H>>);
    } else {
      return measure(detail::joined<detail::ModelAction<Model, H>>);
    }
  }
  auto measure_transfer() {
    if constexpr (is_profiled) {
      using Strategy = std::remove_cvref_t<decltype(self().fabric().strategy())>;
      return measure(detail::joined<detail::TransferAction<Strategy>>);
    } else {
      return Unmeasured{};
    }
  }
  template <class H>
  auto measure_data() {
    if constexpr (is_profiled) {
      using Data = std::remove_cvref_t<decltype(self().data())>;
      return measure(detail::joined<detail::DataAction<Data, H>>);
    } else {
      return Unmeasured{};
    }
  }
  /// A hook of a callback, under the key of its state, which may tell two of one class apart.
  template <class H, class P>
  auto measure_callback(const P& part) {
    if constexpr (is_profiled) {
      auto& profiler = find_profiler<0>();
      return detail::Measured<std::remove_reference_t<decltype(profiler)>, std::string>(
          profiler, text("[Callback]", callback_name(part), ".", hook_info(H::id).name));
    } else {
      return Unmeasured{};
    }
  }

  void open_profiler() {
    if constexpr (is_profiled) {
      find_profiler<0>().open(static_cast<RunView&>(self().context()));
    }
  }
  void describe_profiler() {
    if constexpr (is_profiled) {
      find_profiler<0>().describe();
    }
  }

 private:
  template <class H>
  static constexpr bool is_strategy_action =
      std::is_same_v<H, hook::training_step> || std::is_same_v<H, hook::validation_step> ||
      std::is_same_v<H, hook::test_step> || std::is_same_v<H, hook::predict_step> ||
      std::is_same_v<H, hook::backward>;

  template <class P>
  static auto callback_name(const P& part) {
    if constexpr (requires { part.state_key(); }) {
      return part.state_key();
    } else {
      return type_name<P>();
    }
  }
};

}  // namespace lt
