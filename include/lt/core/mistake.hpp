// SPDX-License-Identifier: Apache-2.0
// The outcome of a check at compile time, as a type: `lt::Fine`, or the first mistake with its
// text.
//
// So the same check can be asked without an error, can give its error once, and can decide what a
// class derives from:
//   template <class... Ts>
//   class Trainer : public lt::gate<Check, TrainerBody<Ts...>, PermissiveTrainer> { ... };
#pragma once

#include <concepts>
#include <type_traits>

namespace lt {

/// All is well.
struct Fine {};

/// Something is wrong. Instantiating `Text`, a class with a failing static_assert, is the error.
template <class Text>
struct Mistake {
  using text = Text;
};

template <class Check>
inline constexpr bool is_fine = std::same_as<Check, Fine>;

/// Gives the error of a check that found a mistake.
template <class Check>
constexpr void report() {
  if constexpr (!is_fine<Check>) {
    (void)sizeof(typename Check::text);
  }
}

namespace detail {

// No operator chains the checks: to look one up, a compiler would instantiate the texts.
template <class... Checks>
struct FirstMistake {
  using type = Fine;
};
template <class... Rest>
struct FirstMistake<Fine, Rest...> : FirstMistake<Rest...> {};
template <class Text, class... Rest>
struct FirstMistake<Mistake<Text>, Rest...> {
  using type = Mistake<Text>;
};

template <class Check, class Body, class Stub>
struct Gate {
  using type = Body;
};
template <class Text, class Body, class Stub>
struct Gate<Mistake<Text>, Body, Stub> {
  static_assert(sizeof(Text) != 0);
  using type = Stub;
};

}  // namespace detail

/// The first of several checks that is not Fine.
template <class... Checks>
using first_mistake = typename detail::FirstMistake<Checks...>::type;

/// Fine if `Well`, otherwise the mistake with `Text`.
template <bool Well, class Text>
using check_that = std::conditional_t<Well, Fine, Mistake<Text>>;

/// `Body` if the check is Fine; otherwise the error, and `Stub`, which takes whatever comes next
/// without a second error. `Body` is not instantiated then.
template <class Check, class Body, class Stub>
using gate = typename detail::Gate<Check, Body, Stub>::type;

}  // namespace lt
