// SPDX-License-Identifier: Apache-2.0
// Where a model or a data module keeps its learning rate or its batch size, so that a tuner can set
// it. An attribute is either of these, and all places of one name are set, as in Lightning:
//
//   - a field of the reflected options that `hparams()` gives for a non-const object:
//       const Options& hparams() const { return options_; }
//       Options& hparams() { return options_; }
//   - a public member `lr`, `learning_rate` or `batch_size`.
#pragma once

#include "lt/core/reflect.hpp"

#include <boost/hana/unpack.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace lt {

namespace detail {

template <class T>
inline constexpr bool is_real = std::floating_point<T> && !std::is_const_v<T>;
template <class T>
inline constexpr bool is_real<std::optional<T>> = std::floating_point<T>;
template <class T>
inline constexpr bool is_whole = std::integral<T> && !std::same_as<T, bool> && !std::is_const_v<T>;
template <class T>
inline constexpr bool is_whole<std::optional<T>> = is_whole<T>;

}  // namespace detail

/// The learning rate of an optimizer.
struct RateAttribute {
  using value_type = double;
  static constexpr std::array<std::string_view, 2> names{"lr", "learning_rate"};
  template <class T>
  static constexpr bool fits = detail::is_real<T>;

  /// Calls `f(name, member)` for the public members of these names.
  template <class T, class F>
  static void each_member([[maybe_unused]] T& object, [[maybe_unused]] F&& f) {
    if constexpr (requires { requires fits<std::remove_reference_t<decltype((object.lr))>>; }) {
      f(names[0], object.lr);
    }
    if constexpr (requires {
                    requires fits<std::remove_reference_t<decltype((object.learning_rate))>>;
                  }) {
      f(names[1], object.learning_rate);
    }
  }
  template <class T>
  static constexpr bool has_member = requires(T& t) {
    requires fits<std::remove_reference_t<decltype((t.lr))>>;
  } || requires(T& t) { requires fits<std::remove_reference_t<decltype((t.learning_rate))>>; };
};

/// The samples in a batch.
struct SizeAttribute {
  using value_type = std::int64_t;
  static constexpr std::array<std::string_view, 1> names{"batch_size"};
  template <class T>
  static constexpr bool fits = detail::is_whole<T>;

  template <class T, class F>
  static void each_member([[maybe_unused]] T& object, [[maybe_unused]] F&& f) {
    if constexpr (has_member<T>) {
      f(names[0], object.batch_size);
    }
  }
  template <class T>
  static constexpr bool has_member =
      requires(T& t) { requires fits<std::remove_reference_t<decltype((t.batch_size))>>; };
};

namespace detail {

// `hparams()` that may be written to.
template <class T>
concept WritableHparams = requires(T& object) {
  requires std::is_lvalue_reference_v<decltype(object.hparams())>;
  requires !std::is_const_v<std::remove_reference_t<decltype(object.hparams())>>;
  requires Reflected<decltype(object.hparams())>;
};

// Calls `f(name, place)` for every place in `object` where such an attribute could be.
template <class Attribute, class T, class F>
void each_place(T& object, F&& f) {
  Attribute::each_member(object, f);
  if constexpr (WritableHparams<T>) {
    for_each_field(object.hparams(), [&]<class Field>(std::string_view name, Field& field) {
      if constexpr (Attribute::template fits<Field>) {
        f(name, field);
      }
    });
  }
}

template <class Attribute, class Options>
constexpr bool has_field() {
  return boost::hana::unpack(fields_of<Options>, [](const auto&... field) {
    const auto found = [](std::string_view name, bool fits) {
      for (const std::string_view wanted : Attribute::names) {
        if (fits && name == wanted) {
          return true;
        }
      }
      return false;
    };
    return (
        found(
            field.name,
            Attribute::template fits<typename std::remove_cvref_t<decltype(field)>::value_type>) ||
        ...);
  });
}

template <class Attribute, class T>
constexpr bool has_attribute() {
  if constexpr (Attribute::template has_member<T>) {
    return true;
  } else if constexpr (WritableHparams<T>) {
    return has_field<Attribute, std::remove_cvref_t<decltype(std::declval<T&>().hparams())>>();
  } else {
    return false;
  }
}

}  // namespace detail

/// Whether one of `Ts` has the attribute under a usual name, in a place that can be written.
template <class Attribute, class... Ts>
inline constexpr bool has_attribute = (detail::has_attribute<Attribute, Ts>() || ...);

/// The name under which one of the objects has the attribute: `wanted`, or without it the first of
/// the usual names; empty when there is none.
template <class Attribute, class... Ts>
std::string find_attribute(std::string_view wanted, Ts&... objects) {
  std::string found;
  const auto look_for = [&](std::string_view name) {
    const auto compare = [&](std::string_view place, auto&) {
      if (place == name) {
        found = place;
      }
    };
    (detail::each_place<Attribute>(objects, compare), ...);
    return !found.empty();
  };
  if (!wanted.empty()) {
    look_for(wanted);
    return found;
  }
  for (const std::string_view name : Attribute::names) {
    if (look_for(name)) {
      break;
    }
  }
  return found;
}

/// The value of the attribute in the first place that has one.
template <class Attribute, class... Ts>
std::optional<typename Attribute::value_type> get_attribute(std::string_view name, Ts&... objects) {
  std::optional<typename Attribute::value_type> value;
  const auto read = [&]<class Place>(std::string_view place, Place& field) {
    if (place == name && !value) {
      if constexpr (requires { *field; }) {
        if (field) {
          value = static_cast<typename Attribute::value_type>(*field);
        }
      } else {
        value = static_cast<typename Attribute::value_type>(field);
      }
    }
  };
  (detail::each_place<Attribute>(objects, read), ...);
  return value;
}

/// Sets every place of that name.
template <class Attribute, class... Ts>
void set_attribute(std::string_view name, typename Attribute::value_type value, Ts&... objects) {
  const auto write = [&]<class Place>(std::string_view place, Place& field) {
    if (place == name) {
      if constexpr (requires { typename Place::value_type; }) {
        field = static_cast<typename Place::value_type>(value);
      } else {
        field = static_cast<Place>(value);
      }
    }
  };
  (detail::each_place<Attribute>(objects, write), ...);
}

}  // namespace lt
