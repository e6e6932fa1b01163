// SPDX-License-Identifier: Apache-2.0
// Reads digits.bin; data/README.md describes the format.
#include "digits.hpp"

#include <ATen/Functions.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace {

struct Header {
  std::uint32_t version, count, rows, cols, classes, checksum;
};
constexpr char magic[] = "LTDIGITS";
constexpr std::size_t header_size = 8 + sizeof(Header);

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw lt::DataError("digits: " + path + ": " + what);
}

// CRC-32 as in zlib.
std::uint32_t checksum(std::span<const unsigned char> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
  }
  return ~crc;
}

std::vector<unsigned char> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fail(path, "cannot be opened; expected the data file of the example");
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void Digits::setup(lt::RunFn) {
  if (!parts_.empty()) {
    return;
  }
  const std::string& path = options_.path;
  const std::vector<unsigned char> bytes = read_file(path);
  if (bytes.size() < header_size || std::memcmp(bytes.data(), magic, 8) != 0) {
    fail(path, "is no digits file; expected it to begin with LTDIGITS");
  }
  Header header{};
  std::memcpy(&header, bytes.data() + 8, sizeof header);
  const std::size_t pixels = std::size_t{header.rows} * header.cols;
  const std::size_t expected = header_size + header.count * (pixels + 1);
  if (header.count == 0) {
    fail(path, "holds no images");
  }
  if (bytes.size() != expected) {
    fail(path, "has " + std::to_string(bytes.size()) + " bytes; expected " +
                   std::to_string(expected));
  }
  const std::span<const unsigned char> payload(bytes.data() + header_size,
                                               bytes.size() - header_size);
  if (checksum(payload) != header.checksum) {
    fail(path, "is corrupt: its checksum differs");
  }

  const auto count = static_cast<std::int64_t>(header.count);
  at::Tensor data = at::empty({count, static_cast<std::int64_t>(pixels)}, at::kFloat);
  at::Tensor target = at::empty({count}, at::kLong);
  auto* values = data.mutable_data_ptr<float>();
  auto* labels = target.mutable_data_ptr<std::int64_t>();
  const unsigned char* label_bytes = payload.data() + header.count * pixels;
  for (std::size_t i = 0; i < header.count * pixels; ++i) {
    values[i] = static_cast<float>(payload[i]) / 16.0F;
  }
  for (std::size_t i = 0; i < header.count; ++i) {
    labels[i] = label_bytes[i];
    if (label_bytes[i] >= header.classes) {
      fail(path, "label " + std::to_string(label_bytes[i]) + " of image " + std::to_string(i) +
                     " is out of range; expected less than " + std::to_string(header.classes));
    }
  }
  auto parts = lt::random_split(Images(lt::Example<>{data, target}), {0.7, 0.15, 0.15},
                                {.seed = options_.split_seed});
  parts_.assign(std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
}
