// SPDX-License-Identifier: Apache-2.0
// How one type goes into a checkpoint: the plain types and reflected aggregates.
#pragma once

#include "lt/checkpoint/value.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/scalar_tensor_ops.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace lt::checkpoint {

/// Which fields of an aggregate must be there: those that are known are read, or all and no others.
enum class Fields : std::uint8_t { known, all };

/// `static Value to(const T&)` and `static void from(const Value&, T&, Fields, const Path&)`.
/// Specialise it for a type of your own that LT_REFLECT does not fit.
template <class T>
struct Convert {
  static_assert(
      std::is_void_v<T>,
      "lt[E225] this type cannot go into a checkpoint; Fix: describe it by LT_REFLECT, or "
      "specialise lt::checkpoint::Convert for it");
};

template <>
struct Convert<Value> {
  static Value to(const Value& x) { return x; }
  static void from(const Value& value, Value& x, Fields, const Path&) { x = value; }
};

/// bool, whole and floating-point numbers.
template <class T>
requires std::is_arithmetic_v<T>
struct Convert<T> {
  static Value to(T x) { return x; }
  static void from(const Value& value, T& x, Fields, const Path& path) { x = value.as<T>(path); }
};

/// Enumerations are saved as their numbers.
template <class T>
requires std::is_enum_v<T>
struct Convert<T> {
  using Number = std::underlying_type_t<T>;
  static Value to(T x) { return static_cast<std::int64_t>(x); }
  static void from(const Value& value, T& x, Fields, const Path& path) {
    x = static_cast<T>(value.as<Number>(path));
  }
};

/// std::string and lt::Text.
template <class T>
requires(std::convertible_to<const T&, std::string_view> && std::is_class_v<T>)
struct Convert<T> {
  static Value to(const T& x) { return std::string_view(x); }
  static void from(const Value& value, T& x, Fields, const Path& path) {
    x = T(value.as<std::string>(path));
  }
};

/// A number is read as a tensor without dimensions, in float64 or int64.
template <>
struct Convert<at::Tensor> {
  static Value to(const at::Tensor& x) { return x; }
  static void from(const Value& value, at::Tensor& x, Fields, const Path& path) {
    switch (value.kind()) {
      case Kind::null:
        x = at::Tensor();
        break;
      case Kind::integer:
        x = scalar(value.as<std::int64_t>(), at::kLong);
        break;
      case Kind::number:
        x = scalar(value.as<double>(), at::kDouble);
        break;
      default:
        x = value.as<at::Tensor>(path);
    }
  }

 private:
  static at::Tensor scalar(const at::Scalar& number, at::ScalarType dtype) {
    return at::_ops::scalar_tensor::call(number, dtype, std::nullopt, at::Device(at::kCPU),
                                         std::nullopt);
  }
};

/// Aggregates with an LT_REFLECT are dicts from the fields' names.
template <Reflected T>
struct Convert<T> {
  static Value to(const T& x) {
    Dict dict;
    for_each_field(x, [&]<class F>(std::string_view name, const F& field) {
      dict[name] = Convert<F>::to(field);
    });
    return dict;
  }
  static void from(const Value& value, T& x, Fields fields, const Path& path) {
    value.as<Dict>(path);
    for_each_field(x, [&]<class F>(std::string_view name, F& field) {
      const Key key(name);
      const Path below(path, key);
      if (const Value* found = value.find(key)) {
        Convert<F>::from(*found, field, fields, below);
      } else if (fields == Fields::all) {
        value.child(key, below);
      }
    });
    if (fields == Fields::all) {
      refuse_unknown(value, path);
    }
  }

 private:
  static void refuse_unknown(const Value& value, const Path& path) {
    for (const Entry& entry : value.dict()) {
      bool known = false;
      for_each_field_info<T>(
          [&](const auto& field) { known = known || entry.key == Key(field.name); });
      if (!known) {
        const Path below(path, entry.key);
        throw CheckpointError(lt::text("lt[E223] ", below, ": no such field; expected no key but",
                                       " those of the ", field_count<T>, " fields"));
      }
    }
  }
};

}  // namespace lt::checkpoint
