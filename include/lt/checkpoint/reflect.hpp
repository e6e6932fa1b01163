// SPDX-License-Identifier: Apache-2.0
// From C++ values to checkpoint values and back: numbers, texts, tensors, containers, and whatever
// has an LT_REFLECT.
#pragma once

#include "lt/checkpoint/convert.hpp"
#include "lt/checkpoint/convert_containers.hpp"
#include "lt/checkpoint/convert_options.hpp"
#include "lt/checkpoint/value.hpp"

#include <type_traits>

namespace lt::checkpoint {

/// `x` as a tree. A reflected aggregate becomes a dict; an empty optional and an undefined tensor
/// None; an enumeration its number; a pair, a tuple and an array a list. Tensors share their memory
/// with `x`: clone them if `x` goes on changing before the tree is written.
template <class T>
Value to_value(const T& x) {
  return Convert<T>::to(x);
}

/// Reads `value` into `x`. Fields of aggregates that are missing keep what they hold and unknown
/// keys are ignored; both are errors under `Fields::all`.
/// Errors: lt::CheckpointError with the path below `path`, what was found and what was expected;
/// `x` may then be half read.
template <class T>
void from_value(const Value& value, T& x, Fields fields = Fields::known,
                const Path& path = Path()) {
  Convert<T>::from(value, x, fields, path);
}

/// The same as a result: what is missing is as in `T{}`.
template <class T>
T from_value(const Value& value, Fields fields = Fields::known, const Path& path = Path()) {
  T x{};
  from_value(value, x, fields, path);
  return x;
}

}  // namespace lt::checkpoint
