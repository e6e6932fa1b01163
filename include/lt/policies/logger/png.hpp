// SPDX-License-Identifier: Apache-2.0
// Small images as PNG, without compression. Source: RFC 2083 (PNG), 1950 (zlib), 1951 (stored
// blocks of deflate).
#pragma once

#include "lt/checkpoint/crc32.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lt::detail {

inline void append_big_endian(std::string& out, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) {
    out += static_cast<char>(value >> shift & 0xFFU);
  }
}

inline void append_png_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_big_endian(out, static_cast<std::uint32_t>(data.size()));
  checkpoint::Crc32 crc;
  crc.update(type.data(), type.size());
  crc.update(data.data(), data.size());
  out += type;
  out += data;
  append_big_endian(out, crc.value());
}

/// The bytes as a zlib stream of stored blocks.
inline std::string zlib_stored(std::string_view data) {
  std::string out = "\x78\x01";
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : data) {
    a = (a + static_cast<unsigned char>(c)) % 65521U;
    b = (b + a) % 65521U;
  }
  do {
    const std::size_t size = std::min<std::size_t>(data.size(), 0xFFFF);
    out += static_cast<char>(size == data.size() ? 1 : 0);  // the last block
    for (const std::size_t word : {size, ~size}) {
      out += static_cast<char>(word & 0xFFU);
      out += static_cast<char>(word >> 8U & 0xFFU);
    }
    out += data.substr(0, size);
    data.remove_prefix(size);
  } while (!data.empty());
  append_big_endian(out, b << 16U | a);
  return out;
}

/// `pixels`: height * width * channels bytes, row by row; 1 (grey), 2 (grey, alpha), 3 (RGB) or 4
/// (RGBA) channels.
inline std::string png(std::string_view pixels, std::size_t height, std::size_t width,
                       std::size_t channels) {
  constexpr std::string_view color_types("\0\4\2\6", 4);
  std::string header;
  append_big_endian(header, static_cast<std::uint32_t>(width));
  append_big_endian(header, static_cast<std::uint32_t>(height));
  header += '\x08';  // bits of a channel
  header += color_types[channels - 1];
  header.append(3, '\0');
  std::string rows;
  for (std::size_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows += pixels.substr(y * width * channels, width * channels);
  }
  std::string out = "\x89PNG\r\n\x1a\n";
  append_png_chunk(out, "IHDR", header);
  append_png_chunk(out, "IDAT", zlib_stored(rows));
  append_png_chunk(out, "IEND", {});
  return out;
}

}  // namespace lt::detail
