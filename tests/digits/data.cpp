// SPDX-License-Identifier: Apache-2.0
// The data module of examples/digits: what it reads, and what it says of a bad file.
#include "../../examples/digits/digits.hpp"

#include "doctest_torch.hpp"

#include <ATen/Functions.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

namespace {

const std::string good = LT_DIGITS_FILE;

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file with other bytes, removed at the end.
class File {
 public:
  explicit File(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("lt-digits-" + std::to_string(::getpid()) + ".bin")) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string message_of(const std::string& path) {
  Digits digits{{.path = path}};
  try {
    digits.setup(lt::RunFn::fit);
  } catch (const lt::DataError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
    }
  }
  return ~crc;
}

}  // namespace

TEST_CASE("all images come once, in three parts") {
  Digits digits{{.path = good}};
  digits.setup(lt::RunFn::fit);
  std::int64_t images = 0;
  at::Tensor labels = at::zeros({10}, at::kLong);
  const auto count = [&](auto loader) {
    for (const auto& batch : loader) {
      CHECK(batch.data.size(1) == 64);
      CHECK(batch.data.min().template item<float>() >= 0.0F);
      CHECK(batch.data.max().template item<float>() <= 1.0F);
      images += batch.target.size(0);
      labels += batch.target.bincount({}, 10);
    }
  };
  count(digits.train_dataloader());
  count(digits.val_dataloader());
  count(digits.test_dataloader());
  CHECK(images == 1797);
  CHECK(labels[0].item<std::int64_t>() == 178);  // as in the repository's own description
}

TEST_CASE("a file that is missing") {
  const std::string text = message_of("no/such/digits.bin");
  CHECK(contains(text, "no/such/digits.bin"));
  CHECK(contains(text, "cannot be opened"));
}

TEST_CASE("a file of another kind, or cut short") {
  CHECK(contains(message_of(File("something else").path()), "is no digits file"));
  const std::string bytes = read(good);
  for (const std::size_t size : {std::size_t{10}, std::size_t{40}, bytes.size() - 1}) {
    const File cut(bytes.substr(0, size));
    CHECK_MESSAGE(message_of(cut.path()) != "nothing was thrown", "cut to ", size);
  }
  CHECK(contains(message_of(File(bytes.substr(0, bytes.size() - 1)).path()), "expected 116837"));
}

TEST_CASE("a byte that changed") {
  std::string bytes = read(good);
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  CHECK(contains(message_of(File(bytes).path()), "corrupt"));
}

TEST_CASE("a label out of range names the image and the label") {
  std::string bytes = read(good);
  bytes[bytes.size() - 3] = 12;
  const std::uint32_t crc = crc32(bytes.substr(32));
  std::memcpy(bytes.data() + 28, &crc, 4);
  const std::string text = message_of(File(bytes).path());
  CHECK(contains(text, "label 12 of image 1794"));
  CHECK(contains(text, "less than 10"));
}

TEST_CASE("a file without images") {
  std::string bytes = read(good).substr(0, 32);
  const std::uint32_t zero = 0;
  std::memcpy(bytes.data() + 12, &zero, 4);
  CHECK(contains(message_of(File(bytes).path()), "holds no images"));
}
