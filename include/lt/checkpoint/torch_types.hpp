// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/ScalarType.h>

#include <array>
#include <string_view>

namespace lt::checkpoint::detail {

/// The class under which Python's pickles keep a storage of that type.
struct TorchType {
  c10::ScalarType type;
  std::string_view storage;
};

inline constexpr std::array<TorchType, 12> torch_types{{
    {c10::ScalarType::Float, "FloatStorage"},
    {c10::ScalarType::Double, "DoubleStorage"},
    {c10::ScalarType::Half, "HalfStorage"},
    {c10::ScalarType::BFloat16, "BFloat16Storage"},
    {c10::ScalarType::Long, "LongStorage"},
    {c10::ScalarType::Int, "IntStorage"},
    {c10::ScalarType::Short, "ShortStorage"},
    {c10::ScalarType::Char, "CharStorage"},
    {c10::ScalarType::Byte, "ByteStorage"},
    {c10::ScalarType::Bool, "BoolStorage"},
    {c10::ScalarType::ComplexFloat, "ComplexFloatStorage"},
    {c10::ScalarType::ComplexDouble, "ComplexDoubleStorage"},
}};

/// Null for types that have no such class.
inline const TorchType* torch_type(c10::ScalarType type) {
  for (const TorchType& known : torch_types) {
    if (known.type == type) {
      return &known;
    }
  }
  return nullptr;
}
inline const TorchType* torch_type(std::string_view storage) {
  for (const TorchType& known : torch_types) {
    if (known.storage == storage) {
      return &known;
    }
  }
  return nullptr;
}

}  // namespace lt::checkpoint::detail
