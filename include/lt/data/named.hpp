// SPDX-License-Identifier: Apache-2.0
// Loaders and batches that are told apart by name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {

/// A text that can be a template argument.
template <std::size_t N>
struct Name {
  char text[N]{};

  consteval Name(const char (&from)[N]) { std::copy_n(from, N, text); }  // NOLINT: a literal

  constexpr std::string_view view() const { return {text, N - 1}; }
};

/// Something with a name that is part of its type.
template <Name N, class T>
struct Named {
  static constexpr std::string_view name = N.view();
  using type = T;

  T value;
};

/// `lt::named<"labelled">(loader)`.
template <Name N, class T>
auto named(T value) {
  return Named<N, T>{std::move(value)};
}

namespace detail {

template <class T>
inline constexpr bool is_named = false;
template <Name N, class T>
inline constexpr bool is_named<Named<N, T>> = true;

template <class... Entries>
consteval std::size_t index_of_name(std::string_view name) {
  std::size_t index = 0;
  const bool found = ((Entries::name == name || (++index, false)) || ...);
  return found ? index : sizeof...(Entries);
}

}  // namespace detail

/// The batches of named loaders: a tuple whose elements are also found by name,
/// `batch.get<"labelled">()`. `Entries` are `Named<name, batch>`.
template <class... Entries>
struct NamedBatch : std::tuple<typename Entries::type...> {
  using Base = std::tuple<typename Entries::type...>;
  using Base::Base;

  template <Name N>
  auto& get() {
    return std::get<index<N>()>(static_cast<Base&>(*this));
  }
  template <Name N>
  const auto& get() const {
    return std::get<index<N>()>(static_cast<const Base&>(*this));
  }

  /// Calls `f(name, element)` for each.
  template <class F>
  void for_each(F&& f) {
    std::apply([&](auto&... element) { (f(Entries::name, element), ...); },
               static_cast<Base&>(*this));
  }

 private:
  template <Name N>
  static consteval std::size_t index() {
    constexpr std::size_t found = detail::index_of_name<Entries...>(N.view());
    static_assert(found < sizeof...(Entries), "no loader of this combination has that name");
    return found;
  }
};

}  // namespace lt

template <class... Entries>
struct std::tuple_size<lt::NamedBatch<Entries...>>
    : std::integral_constant<std::size_t, sizeof...(Entries)> {};

template <std::size_t I, class... Entries>
struct std::tuple_element<I, lt::NamedBatch<Entries...>>
    : std::tuple_element<I, std::tuple<typename Entries::type...>> {};
