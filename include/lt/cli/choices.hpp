// SPDX-License-Identifier: Apache-2.0
// Choice at run time among types that are fixed at compile time, and what the catalogue knows of
// these types.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/schema.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/type_list.hpp"
#include "lt/core/type_name.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lt {

/// Stands in lt::Cli where a type would stand in lt::Trainer: one of `Ts`, chosen when the program
/// starts; the first, where nothing is said.
template <class... Ts>
struct choices {};

namespace cli {

/// Optimizers that may take the place of the model's own: `--optimizer SGD --optimizer.lr 0.1`.
template <class... Os>
struct optimizers {};

/// Learning-rate schedules for them: `--lr_scheduler StepLR --lr_scheduler.step_size 10`.
template <class... Ss>
struct schedulers {};

/// The types of a place: several, or the one that stands there.
template <class T>
struct ChoicesOf {
  using type = type_list<T>;
};
template <class... Ts>
struct ChoicesOf<choices<Ts...>> {
  using type = type_list<Ts...>;
};
template <class T>
using choices_of = typename ChoicesOf<T>::type;

/// A class whose objects are made of reflected options.
template <class T>
concept HasOptions = requires { typename T::Options; } && Reflected<typename T::Options> &&
                     std::default_initializable<typename T::Options>;

/// The name that the command line uses: what the class says, or its own.
template <class T>
std::string kind_name() {
  if constexpr (requires { std::string_view(T::class_name); }) {
    return std::string(T::class_name);
  } else if constexpr (requires { std::string_view(T::type_name); }) {
    return std::string(T::type_name);
  } else if constexpr (requires { std::string_view(T::name); }) {
    return std::string(T::name);
  } else {
    return std::string(type_name<T>());
  }
}

template <class T>
Kind kind_of() {
  static_assert(
      requires { sizeof(T); },
      "lt::Cli: a type to choose from is declared, but not defined here; Fix: include its "
      "header (precisions: <lt/precision.hpp>, lt::strategy::Ddp: <lt/ddp.hpp>)");
  Kind kind{.name = kind_name<T>()};
  if constexpr (HasOptions<T>) {
    kind.schema = &schema_of<typename T::Options>();
  }
  if constexpr (requires { T::is_distributed; }) {
    kind.distributed = T::is_distributed;
  }
  return kind;
}

/// A slot with all of `Ts`.
template <class... Ts>
Slot slot_of(std::string path, std::string what, type_list<Ts...>) {
  return {.path = std::move(path), .what = std::move(what), .kinds = {kind_of<Ts>()...}};
}

/// An object of its options, or by default. Not copied: models stay where they are.
template <class T>
T make_object(const std::shared_ptr<void>& options) {
  if constexpr (HasOptions<T>) {
    return T(*static_cast<const typename T::Options*>(options.get()));
  } else {
    return T();
  }
}
template <class T>
std::shared_ptr<T> make_shared_object(const std::shared_ptr<void>& options) {
  if constexpr (HasOptions<T>) {
    return std::make_shared<T>(*static_cast<const typename T::Options*>(options.get()));
  } else {
    return std::make_shared<T>();
  }
}

/// Calls `f.template operator()<T>()` with the type at `index`; all of them are instantiated.
template <class R, class F, class... Ts>
R with_type(std::size_t index, type_list<Ts...>, F&& f) {
  R result{};
  std::size_t i = 0;
  (void)((i++ == index ? (result = f.template operator()<Ts>(), true) : false) || ...);
  return result;
}

}  // namespace cli

}  // namespace lt
