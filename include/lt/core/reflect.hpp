// SPDX-License-Identifier: Apache-2.0
// Reflection of aggregates: names, help texts and values of the fields of a struct.
//
//   struct Options { std::int64_t hidden = 128; double lr = 1e-3; };
//   LT_REFLECT(Options, (hidden, "width of the hidden layer"), (lr, "learning rate"))
//
// From it come command-line flags, config keys, saved and logged hyper-parameters, and the state
// that goes into checkpoints.
#pragma once

#include "lt/core/preprocessor.hpp"

#include <boost/hana/for_each.hpp>
#include <boost/hana/size.hpp>
#include <boost/hana/tuple.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace lt {

/// One reflected field of `Type`: its name, its help text and where it is.
template <class Type, class Value>
struct Field {
  using value_type = Value;

  std::string_view name;
  std::string_view help;
  Value Type::* member;
};

/// Specialised by LT_REFLECT with `make<Type>()`, which returns hana::tuple<Field...>: a template, so
/// that the tuple costs nothing to compile where nobody asks for it.
template <class Type>
struct Reflection;

/// A type for which LT_REFLECT was written. Satisfied by every options and state aggregate.
template <class T>
concept Reflected = requires { sizeof(Reflection<std::remove_cvref_t<T>>); };

/// The fields of `T`, a hana::tuple<Field...>.
template <Reflected T>
inline constexpr auto fields_of = Reflection<T>::template make<T>();

/// How many fields `T` has.
template <Reflected T>
inline constexpr std::size_t field_count =
    decltype(boost::hana::size(fields_of<std::remove_cvref_t<T>>))::value;

/// Calls `f(name, field)` for each field of `value`, in the order of LT_REFLECT.
template <class T, class F>
  requires Reflected<T>
constexpr void for_each_field(T& value, F&& f) {
  boost::hana::for_each(fields_of<std::remove_cvref_t<T>>,
                        [&](const auto& field) { f(field.name, value.*(field.member)); });
}

/// Calls `f(field)` with the description (`Field`) of each field of `T`, without a value.
template <Reflected T, class F>
constexpr void for_each_field_info(F&& f) {
  boost::hana::for_each(fields_of<T>, f);
}

}  // namespace lt

/// Makes the fields of an aggregate known, each as `(name, "help text")`. Written once, in the
/// global namespace, after the type.
#define LT_REFLECT(Type, ...)                                                                \
  template <>                                                                                \
  struct lt::Reflection<Type> {                                                              \
    template <class Lazy>                                                                    \
    static constexpr auto make() {                                                           \
      return boost::hana::make_tuple(LT_DETAIL_LIST(LT_DETAIL_FIELD, Type, __VA_ARGS__));    \
    }                                                                                        \
  };

#define LT_DETAIL_FIELD(Type, pair) LT_DETAIL_FIELD_2(Type, LT_DETAIL_UNWRAP pair)
#define LT_DETAIL_FIELD_2(...) LT_DETAIL_FIELD_3(__VA_ARGS__)
#define LT_DETAIL_FIELD_3(Type, name, help) \
  ::lt::Field<Lazy, decltype(Type::name)> { #name, help, &Type::name }
