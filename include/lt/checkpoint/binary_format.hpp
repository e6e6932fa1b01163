// SPDX-License-Identifier: Apache-2.0
// The compact file format of `lt`, shared by its writer and its reader. All numbers little-endian:
//
//   magic    8 bytes   "\x89LTCKPT\n"
//   version  4 bytes
//   length   8 bytes   of the tree
//   tree     one value
//   crc      4 bytes   CRC-32 of all bytes before
//
// A value is a tag of one byte and: nothing (null, false, true); 8 bytes (integer, number); length
// and bytes (text, bytes); scalar type, number of dimensions, sizes and the contiguous elements
// (tensor); count and values (list); count and, for each, a key (a text or an integer) and a value
// (dict). Lengths, counts and sizes have 8 bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace lt::checkpoint::binary {

static_assert(std::endian::native == std::endian::little, "the binary form is little-endian");

inline constexpr std::array<char, 8> magic{'\x89', 'L', 'T', 'C', 'K', 'P', 'T', '\n'};
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t header_size = 20;
inline constexpr std::size_t footer_size = 4;
inline constexpr int max_depth = 256;  // lists in dicts in lists ...
inline constexpr int max_dims = 64;

enum class Tag : std::uint8_t { null, no, yes, integer, number, text, tensor, list, dict, bytes };

/// Scalar types whose tensors are nothing but their elements. Their numbers are stable: LibTorch's
/// own files rely on them.
constexpr bool is_plain(at::ScalarType type) {
  using enum at::ScalarType;
  switch (type) {
    case Byte:
    case Char:
    case Short:
    case Int:
    case Long:
    case Half:
    case Float:
    case Double:
    case ComplexHalf:
    case ComplexFloat:
    case ComplexDouble:
    case Bool:
    case BFloat16:
    case Float8_e5m2:
    case Float8_e4m3fn:
    case Float8_e5m2fnuz:
    case Float8_e4m3fnuz:
    case UInt16:
    case UInt32:
    case UInt64:
      return true;
    default:
      return false;
  }
}

}  // namespace lt::checkpoint::binary
