// SPDX-License-Identifier: Apache-2.0
// Which combinations of policies and parts a trainer accepts, made from rules.def. The same rows
// are the errors, the concept `lt::Compatible`, and the table in the documentation.
#pragma once

#include "lt/core/capture.hpp"
#include "lt/core/mistake.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace lt {

template <class... Ps>
class PartList;

/// How many of `Parts` have that role.
template <Role R, class... Parts>
inline constexpr std::size_t count_role = (std::size_t{role_of<Parts> == R} + ... + 0);

/// How many of `Parts` stand in for that default.
template <DefaultPart D, class... Parts>
inline constexpr std::size_t count_substitutes = (std::size_t{substitute_of<Parts> == D} + ... + 0);

/// A part that may be chosen at run time, as an element of an lt::PartList.
template <class P>
inline constexpr bool is_choosable =
    Part<P> && (role_of<P> == Role::callback || role_of<P> == Role::logger);

/// False for a PartList with an element that nobody would look for there.
template <class P>
inline constexpr bool list_holds_choosable = true;
template <class... Ps>
inline constexpr bool list_holds_choosable<PartList<Ps...>> = (is_choosable<Ps> && ...);

/// True for a strategy whose backend takes tensors of the accelerator's kind of device, and for all
/// that say nothing of it. Compares `Strategy::backend::device` and `Accelerator::device_type`.
template <class Strategy, class Accelerator>
inline constexpr bool backend_fits = true;
template <class Strategy, class Accelerator>
  requires requires { Strategy::backend::device == Accelerator::device_type; }
inline constexpr bool backend_fits<Strategy, Accelerator> =
    Strategy::backend::device == Accelerator::device_type;

/// True for a strategy that says that it has several ranks.
template <class Strategy>
inline constexpr bool is_distributed_strategy = requires { requires Strategy::is_distributed; };

/// True for an accelerator that says that its device has no numbers of 64 bits.
template <class Accelerator>
inline constexpr bool lacks_float64 = false;
template <class Accelerator>
  requires requires { Accelerator::has_float64; }
inline constexpr bool lacks_float64<Accelerator> = !Accelerator::has_float64;

/// True for a precision whose numbers have 64 bits.
template <class Precision>
inline constexpr bool needs_float64 = false;
template <class Precision>
  requires requires { Precision::metrics_in_double; }
inline constexpr bool needs_float64<Precision> = Precision::metrics_in_double;

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

template <class Argument, bool HasPlace>
struct PlaceForArgument {
  static_assert(HasPlace,
                "lt[E410] more arguments of one type than the trainer has parts of it: one would be "
                "forgotten; Fix: name the type once more among the trainer's template arguments, or "
                "leave an argument out");
};

template <class T, class... Ts>
inline constexpr std::size_t count_of = (std::size_t{0} + ... + (std::same_as<T, Ts> ? 1 : 0));
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

/// The objects given to the constructor of a trainer of `Known...` are not more than its parts, type
/// by type. Error: E410.
template <class Given, class Known>
struct place_check;
template <class... Given, class... Known>
struct place_check<type_list<Given...>, type_list<Known...>> {
  using type = first_mistake<
      Fine, check_that<(detail::count_of<Given, Given...> <=
                        std::max<std::size_t>(1, detail::count_of<Given, Known...>)),
                       detail::PlaceForArgument<Given, false>>...>;
};

}  // namespace lt
