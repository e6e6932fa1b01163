// SPDX-License-Identifier: Apache-2.0
// Which combinations of policies and parts a trainer accepts, made from rules.def. The same rows
// are the errors, the concept `lt::Compatible`, and the table in the documentation.
#pragma once

#include "lt/core/mistake.hpp"
#include "lt/core/parts.hpp"

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace lt {

/// How many of `Parts` have that role.
template <Role R, class... Parts>
inline constexpr std::size_t count_role = (std::size_t{role_of<Parts> == R} + ... + 0);

/// How many of `Parts` stand in for that default.
template <DefaultPart D, class... Parts>
inline constexpr std::size_t count_substitutes = (std::size_t{substitute_of<Parts> == D} + ... + 0);

/// Each rule as a type: `rule::E405::holds<Strategy, Accelerator, Precision, Parts...>`.
namespace rule {
#define LT_RULE(CODE, CONDITION, TEXT, SOURCE)                                                 \
  struct CODE {                                                                                \
    static constexpr std::string_view code = #CODE;                                            \
    static constexpr std::string_view text = TEXT;                                             \
    static constexpr std::string_view source = SOURCE;                                         \
    template <class Strategy, class Accelerator, class Precision, class... Parts>              \
    static constexpr bool holds = CONDITION;                                                   \
    template <class Strategy, class Accelerator, class Precision, class... Parts>              \
    struct Assertion {                                                                         \
      static_assert(holds<Strategy, Accelerator, Precision, Parts...>, "lt[" #CODE "] " TEXT); \
    };                                                                                         \
    template <class... Ts>                                                                     \
    using check = check_that<holds<Ts...>, Assertion<Ts...>>;                                  \
  };
#include "lt/core/rules.def"
#undef LT_RULE
}  // namespace rule

namespace detail {
template <class... Ts>
struct RuleCheck {
#define LT_RULE(CODE, CONDITION, TEXT, SOURCE) , rule::CODE::check<Ts...>
  using type = first_mistake<Fine
#include "lt/core/rules.def"
                             >;
#undef LT_RULE
};

template <class Argument, bool Known>
struct KnownArgument {
  static_assert(Known,
                "lt[E409] a stranger among the trainer's arguments: it is neither its strategy, "
                "accelerator or precision nor one of its parts; Fix: name its type among the "
                "trainer's template arguments, or let lt::make_trainer find them");
};
}  // namespace detail

/// All rules for one combination (Strategy, Accelerator, Precision, Parts...): Fine, or the first
/// rule that does not hold.
template <class... Ts>
using rule_check = typename detail::RuleCheck<Ts...>::type;

/// A combination that a trainer accepts; the question without an error.
template <class Strategy, class Accelerator, class Precision, class... Parts>
concept Compatible = is_fine<rule_check<Strategy, Accelerator, Precision, Parts...>>;

namespace detail {
template <class Argument, class... Known>
struct ArgumentCheck {
  using type = check_that<(std::same_as<Argument, Known> || ...), KnownArgument<Argument, false>>;
};
}  // namespace detail

/// An object given to the constructor of a trainer of `Known...` belongs to one of them. Error:
/// E409.
template <class Argument, class... Known>
using argument_check =
    typename detail::ArgumentCheck<std::remove_cvref_t<Argument>, Known...>::type;

}  // namespace lt
