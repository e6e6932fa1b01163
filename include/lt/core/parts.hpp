// SPDX-License-Identifier: Apache-2.0
// The parts of a trainer and their roles: what stands behind Precision in its template arguments.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace lt {

/// What a part is to the trainer. A part that says nothing is a callback; others say so with
/// `using policy_family = lt::logger_tag;` and alike.
enum class Role : std::uint8_t { callback, logger, profiler, checkpoint_io, environment, list };

struct logger_tag {
  static constexpr Role role = Role::logger;
};
struct profiler_tag {
  static constexpr Role role = Role::profiler;
};
struct checkpoint_io_tag {
  static constexpr Role role = Role::checkpoint_io;
};
struct environment_tag {
  static constexpr Role role = Role::environment;
};
struct part_list_tag {
  static constexpr Role role = Role::list;
};
struct strategy_tag {};
struct accelerator_tag {};
struct precision_tag {};

/// The family that a policy declares, or `void`.
template <class P>
struct family_of {
  using type = void;
};
template <class P>
  requires requires { typename P::policy_family; }
struct family_of<P> {
  using type = typename P::policy_family;
};
template <class P>
using family_of_t = typename family_of<std::remove_cvref_t<P>>::type;

namespace detail {
template <class P>
constexpr Role find_role() {
  if constexpr (requires { { family_of_t<P>::role } -> std::convertible_to<Role>; }) {
    return family_of_t<P>::role;
  } else {
    return Role::callback;
  }
}
}  // namespace detail

/// The role of part `P`.
template <class P>
inline constexpr Role role_of = detail::find_role<P>();

/// A class that can be a part: everything but the families that have a slot of their own.
template <class P>
concept Part = std::is_class_v<P> && !std::same_as<family_of_t<P>, strategy_tag> &&
               !std::same_as<family_of_t<P>, accelerator_tag> &&
               !std::same_as<family_of_t<P>, precision_tag>;

/// When a callback is called among the callbacks. `monitor`: at the end of a training epoch after
/// the model, since it reads what the model logs there (EarlyStopping). `checkpoint`: the same, and
/// behind all other callbacks in every hook. `tuner`: before all others. A callback says so with
/// `static constexpr lt::CallbackOrder order = ...;`
enum class CallbackOrder : std::uint8_t { tuner, normal, monitor, checkpoint };

template <class P>
inline constexpr CallbackOrder order_of = CallbackOrder::normal;
template <class P>
  requires requires { { P::order } -> std::convertible_to<CallbackOrder>; }
inline constexpr CallbackOrder order_of<P> = P::order;

/// A default that a part of the user's replaces: parts with the same `substitute` are alternatives.
enum class DefaultPart : std::uint8_t { none, progress_bar, model_summary, checkpoint, logger };

template <class P>
inline constexpr DefaultPart substitute_of =
    role_of<P> == Role::logger                          ? DefaultPart::logger
    : order_of<P> == CallbackOrder::checkpoint          ? DefaultPart::checkpoint
                                                        : DefaultPart::none;
template <class P>
  requires requires { { P::substitute } -> std::convertible_to<DefaultPart>; }
inline constexpr DefaultPart substitute_of<P> = P::substitute;

}  // namespace lt
