// SPDX-License-Identifier: Apache-2.0
// The few forms of protobuf's wire format that event files need.
// Source: https://protobuf.dev/programming-guides/encoding
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lt::detail {

/// Appends the bytes of `value`, the lowest first.
inline void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    out += static_cast<char>(value >> (8 * i) & 0xFF);
  }
}

/// A message as its bytes: fields in the order of the calls. What has its default value may be left
/// out, and is left out only by the caller.
class ProtoMessage {
 public:
  /// Fields of type int32, int64, bool or an enumeration.
  ProtoMessage& whole(std::uint32_t field, std::int64_t value) {
    tag(field, 0);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtoMessage& number(std::uint32_t field, double value) {
    tag(field, 1);
    append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  ProtoMessage& small_number(std::uint32_t field, float value) {
    tag(field, 5);
    append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value), 4);
    return *this;
  }
  /// A text, bytes, or a message as its bytes.
  ProtoMessage& bytes(std::uint32_t field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  ProtoMessage& message(std::uint32_t field, const ProtoMessage& value) {
    return bytes(field, value.bytes_);
  }
  /// A repeated double, packed.
  ProtoMessage& numbers(std::uint32_t field, std::span<const double> values) {
    std::string packed;
    for (const double value : values) {
      append_little_endian(packed, std::bit_cast<std::uint64_t>(value), 8);
    }
    return bytes(field, packed);
  }

  const std::string& str() const { return bytes_; }

 private:
  void tag(std::uint32_t field, std::uint32_t wire_type) { varint(field << 3U | wire_type); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
      bytes_ += static_cast<char>((value & 0x7F) | 0x80);
    }
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace lt::detail
