// SPDX-License-Identifier: Apache-2.0
// Hooks as types, made from hooks.def: for each hook a tag `lt::hook::<name>` that knows whether a
// class declares the hook, whether it can be called with given arguments, and how to call it.
//
// A class that declares a hook which cannot be called, or a near miss of a hook's name, is a
// compile error (core/hook_checks.hpp); a class that does not declare it costs nothing.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace lt {

/// Number of a hook, in the order of hooks.def.
enum class HookId : std::uint8_t {
#define LT_HOOK(name, receivers, log_rule, arguments, sentence) name,
#include "lt/core/hooks.def"
#undef LT_HOOK
  none  // outside of every hook
};

/// How many hooks there are.
inline constexpr std::size_t hook_count = static_cast<std::size_t>(HookId::none);

/// Who receives a hook; a set of bits.
enum class Receivers : std::uint8_t { callback = 1, model = 2, data = 4 };

constexpr Receivers operator|(Receivers a, Receivers b) {
  return static_cast<Receivers>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

/// What `log` may do while a hook runs: see hooks.def.
enum class LogRule : std::uint8_t { never, step, eval, epoch };

/// What hooks.def says of one hook.
struct HookInfo {
  HookId id = HookId::none;
  std::string_view name;
  Receivers receivers{};
  LogRule log_rule{};
  std::string_view arguments;
  std::string_view sentence;

  constexpr bool received_by(Receivers who) const {
    return (static_cast<std::uint8_t>(receivers) & static_cast<std::uint8_t>(who)) != 0;
  }
};

namespace detail {
constexpr HookInfo make_hook_info(HookId id, std::string_view name, Receivers receivers,
                                  LogRule rule, std::string_view arguments,
                                  std::string_view sentence) {
  return {id, name, receivers, rule, arguments, sentence};
}
}  // namespace detail

/// All hooks, indexed by HookId.
inline constexpr HookInfo hook_table[] = {
#define LT_HOOK(name, who, log_rule, arguments, sentence)                                       \
  [] {                                                                                          \
    using enum Receivers;                                                                       \
    return detail::make_hook_info(HookId::name, #name, who, LogRule::log_rule, arguments,       \
                                  sentence);                                                    \
  }(),
#include "lt/core/hooks.def"
#undef LT_HOOK
};

/// What hooks.def says of `id`.
constexpr const HookInfo& hook_info(HookId id) { return hook_table[static_cast<std::size_t>(id)]; }

/// The tags. For `H` one of them and a class `T`:
///   H::declared<T>            T has a member of that name, callable or not
///   H::callable<T, Args...>   t.name(args...) compiles
///   H::call(t, args...)       calls it
namespace hook {
// A class that inherits the name twice cannot take its address: so `!requires` means that T
// declares it. This sees overloads, templates, private and inherited members alike.
#define LT_HOOK(NAME, WHO, LOG_RULE, ARGUMENTS, SENTENCE)                                       \
  struct NAME {                                                                                 \
    static constexpr HookId id = HookId::NAME;                                                  \
    struct Named {                                                                              \
      int NAME;                                                                                 \
    };                                                                                          \
    template <class T>                                                                          \
    struct Ambiguous : T, Named {};                                                             \
    template <class T>                                                                          \
    static constexpr bool declared = !requires { &Ambiguous<T>::NAME; };                        \
    template <class T, class... Args>                                                           \
    static constexpr bool callable =                                                            \
        requires(T& object, Args&&... args) { object.NAME(static_cast<Args&&>(args)...); };     \
    template <class T, class... Args>                                                           \
    static constexpr decltype(auto) call(T& object, Args&&... args) {                           \
      return object.NAME(static_cast<Args&&>(args)...);                                         \
    }                                                                                           \
  };
#include "lt/core/hooks.def"
#undef LT_HOOK
}  // namespace hook

/// A class in which hooks can be looked for.
template <class T>
concept HookHost = std::is_class_v<T> && !std::is_final_v<T>;

/// True when `T` declares hook `H`, with any signature.
template <class H, class T>
inline constexpr bool declares = false;

template <class H, HookHost T>
inline constexpr bool declares<H, T> = H::template declared<T>;

/// Whether hook `H` of `object` counts. For nearly every class that is a constant. A class that
/// chooses at run time which of its hooks are there (`bool has_hook(lt::HookId) const`) is asked.
template <class H, class T>
constexpr bool has_hook(const T& object) {
  if constexpr (!declares<H, T>) {
    return false;
  } else if constexpr (requires { { object.has_hook(H::id) } -> std::same_as<bool>; }) {
    return object.has_hook(H::id);
  } else {
    return true;
  }
}

}  // namespace lt
