// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lt::checkpoint {

namespace detail {
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables result{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? 0xEDB88320U ^ crc >> 1 : crc >> 1;
    }
    result[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      result[t][i] = result[0][result[t - 1][i] & 0xFF] ^ result[t - 1][i] >> 8;
    }
  }
  return result;
}

inline constexpr CrcTables crc_tables = make_crc_tables();
}  // namespace detail

/// CRC-32 as in zip, PNG and Ethernet (reflected polynomial 0xEDB88320). It finds every single
/// damaged byte and every burst of up to 32 bits.
class Crc32 {
 public:
  void update(const void* data, std::size_t size) {
    const detail::CrcTables& tables = detail::crc_tables;
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (; size >= 8; size -= 8, bytes += 8) {  // eight bytes at once: the CRC keeps up with a disk
      std::uint32_t low = 0;
      std::uint32_t high = 0;
      std::memcpy(&low, bytes, 4);
      std::memcpy(&high, bytes + 4, 4);
      low ^= crc_;
      crc_ = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
             tables[4][low >> 24] ^ tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^
             tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
    }
    for (; size > 0; --size, ++bytes) {
      crc_ = tables[0][(crc_ ^ *bytes) & 0xFF] ^ crc_ >> 8;
    }
  }

  std::uint32_t value() const { return ~crc_; }

 private:
  std::uint32_t crc_ = 0xFFFFFFFFU;
};

}  // namespace lt::checkpoint
