// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/binary.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"
#include "support.hpp"

#include <sstream>

using namespace test;
using ck::Bytes;
using ck::Dict;
using ck::List;
using ck::read_binary;
using ck::Value;
using ck::write_binary;

static_assert(lt::CheckpointIo<lt::checkpoint_io::Binary>);
static_assert(lt::CheckpointIo<lt::archetype::CheckpointIo>);
static_assert(lt::role_of<lt::checkpoint_io::Binary> == lt::Role::checkpoint_io);

namespace {

std::string bytes_of(const Value& value) {
  std::ostringstream out;
  write_binary(out, value);
  return out.str();
}

Value parse(const std::string& bytes) {
  std::istringstream in(bytes);
  return read_binary(in, "test");
}

void check_round_trip(const Value& value) {
  const Value back = parse(bytes_of(value));
  CHECK(difference(back, value) == "");
  CHECK(difference(value, back) == "");
}

Value small() {
  return Dict{{"epoch", 3},
              {"weight", torch::arange(3, torch::kHalf)},
              {0, List{nullptr, true, 0.5, "text", Bytes{"raw"}}}};
}

/// The four bytes at the end that make the rest valid.
std::string with_checksum(std::string bytes) {
  ck::Crc32 crc;
  crc.update(bytes.data(), bytes.size() - 4);
  const std::uint32_t value = crc.value();
  std::memcpy(bytes.data() + bytes.size() - 4, &value, 4);
  return bytes;
}

}  // namespace

TEST_CASE("binary: plain values come back") {
  for (const Value& value :
       {Value(), Value(false), Value(true), Value(0),
        Value(std::numeric_limits<std::int64_t>::min()),
        Value(std::numeric_limits<std::int64_t>::max()), Value(-0.0), Value(1e-310),
        Value(std::numeric_limits<double>::infinity()), Value(std::nan("")), Value(""),
        Value(std::string("a\0b\xff", 4)), Value(Bytes{std::string(1000, '\0')}), Value(List()),
        Value(Dict()), Value(Bytes{})}) {
    check_round_trip(value);
  }
}

TEST_CASE("binary: nested trees come back in their order") {
  Value tree = small();
  tree["deep"]["er"]["still"].push_back(Dict{{-5, List{List{List{}}}}});
  check_round_trip(tree);
  const Value back = parse(bytes_of(tree));
  CHECK(back.dict().begin()->key == ck::Key("epoch"));
  CHECK(back.contains("deep", "er", "still", 0, -5));
}

TEST_CASE("binary: tensors of every type come back") {
  for (const at::ScalarType type :
       {at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf, at::kFloat, at::kDouble,
        at::kBool, at::kBFloat16, at::kComplexFloat, at::kComplexDouble, at::kFloat8_e4m3fn,
        at::kFloat8_e5m2, at::kUInt16, at::kUInt32, at::kUInt64}) {
    INFO(at::toString(type));
    check_round_trip(torch::arange(6).reshape({2, 3}).to(type));
  }
}

TEST_CASE("binary: tensors of every shape come back") {
  check_round_trip(torch::tensor(2.5));
  check_round_trip(torch::empty({0}));
  check_round_trip(torch::empty({3, 0, 2}));
  check_round_trip(torch::empty({0, std::int64_t{1} << 40}));
  check_round_trip(torch::ones({1, 1, 1, 1, 1, 1, 1, 1, 1}));
  const at::Tensor wide = torch::arange(24).reshape({2, 3, 4});
  check_round_trip(wide.transpose(0, 2));
  check_round_trip(wide.select(2, 1));
  check_round_trip(wide.slice(1, 0, 3, 2));
  check_round_trip(torch::tensor(1.0).expand({4, 2}));
  check_round_trip(torch::rand({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast));
  const at::Tensor complex = torch::complex(torch::ones(2), torch::ones(2));
  CHECK(same_bits(parse(bytes_of(complex.conj())).as<at::Tensor>(), complex.conj().resolve_conj()));
}

TEST_CASE("binary: a parameter is read as a plain tensor") {
  const at::Tensor back = parse(bytes_of(torch::ones(2).requires_grad_())).as<at::Tensor>();
  CHECK(!back.requires_grad());
  CHECK(back.is_contiguous());
}

TEST_CASE("binary: NaNs keep their bits") {
  const auto odd = std::bit_cast<double>(0x7FF8000000000123U);
  check_round_trip(odd);
  check_round_trip(torch::full({2}, odd, torch::kDouble));
}

TEST_CASE("binary: what cannot be saved is named before anything is written") {
  Value value = small();
  value["layers"]["sparse"] = torch::eye(2).to_sparse();
  std::ostringstream out;
  CHECK(error_of([&] { write_binary(out, value); }) ==
        "lt[E222] layers.sparse: a tensor of type Float cannot be saved; expected a dense, not "
        "quantized one");
  CHECK(out.str().empty());
  Value deep;
  for (int i = 0; i < 300; ++i) {
    deep = List{deep};
  }
  CHECK(has(error_of([&] { write_binary(out, deep); }), "more than 256"));
}

TEST_CASE("binary: cut off anywhere, it is refused") {
  const std::string whole = bytes_of(small());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(!error_of([&] { parse(whole.substr(0, size)); }).empty());
  }
  CHECK(!error_of([&] { parse(whole + "x"); }).empty());
}

TEST_CASE("binary: a damaged byte anywhere is found") {
  const std::string whole = bytes_of(small());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      CAPTURE(at);
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      CHECK(has(error_of([&] { parse(damaged); }), "lt[E221] test"));
    }
  }
}

TEST_CASE("binary: damage under a valid checksum never crashes") {
  // Each byte becomes each other one; what is read may be another tree, or an error.
  const std::string whole = bytes_of(small());
  int refused = 0;
  for (std::size_t at = 0; at < whole.size() - 4; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(byte);
      refused += !error_of([&] { parse(with_checksum(damaged)); }).empty();
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("binary: lengths beyond the end cost no memory") {
  std::string list = bytes_of(List{1});
  const std::uint64_t huge = ~std::uint64_t{0};
  std::memcpy(list.data() + 21, &huge, 8);
  CHECK(has(error_of([&] { parse(with_checksum(list)); }), "a length is 18446744073709551615"));

  std::string tensor = bytes_of(torch::zeros({2, 2}));
  const std::int64_t size = std::int64_t{1} << 31;
  std::memcpy(tensor.data() + 23, &size, 8);
  CHECK(has(error_of([&] { parse(with_checksum(tensor)); }), "a tensor of 17179869184 bytes"));
  std::memcpy(tensor.data() + 31, &size, 8);
  CHECK(has(error_of([&] { parse(with_checksum(tensor)); }), "a tensor has the size 2147483648"));
  const std::int64_t negative = -1;
  std::memcpy(tensor.data() + 31, &negative, 8);
  CHECK(has(error_of([&] { parse(with_checksum(tensor)); }), "a tensor has the size -1"));

  std::string nested;  // a list in a list in a list ...
  for (int i = 0; i < 2000; ++i) {
    nested += std::string("\x07\x01\0\0\0\0\0\0\0", 9);
  }
  std::string deep = bytes_of(Bytes{std::string(nested.size() - 9, ' ')});
  deep.replace(20, nested.size(), nested);
  CHECK(has(error_of([&] { parse(with_checksum(deep)); }), "too deep"));
}

TEST_CASE("binary: other files are told apart") {
  CHECK(has(error_of([] { parse(std::string("PK\x03\x04") + std::string(100, ' ')); }),
            "found a zip archive"));
  CHECK(
      has(error_of([] { parse(std::string(100, ' ')); }), "is no checkpoint in lt's binary form"));
  CHECK(has(error_of([] { parse(""); }), "it has 0 bytes; expected at least 24"));
  std::string next = bytes_of(1);
  next[8] = 2;
  CHECK(has(error_of([&] { parse(with_checksum(next)); }),
            "version 2 of the binary form; expected 1"));
}

TEST_CASE("binary: the checksum is the common CRC-32") {
  ck::Crc32 whole;
  whole.update("123456789", 9);
  CHECK(whole.value() == 0xCBF43926U);
  const std::string text = "a longer text, whose bytes are not a multiple of eight";
  ck::Crc32 once;
  once.update(text.data(), text.size());
  ck::Crc32 bytewise;
  for (const char c : text) {
    bytewise.update(&c, 1);
  }
  CHECK(once.value() == bytewise.value());
}

TEST_CASE("binary: a stream that fails is an error") {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  CHECK(has(error_of([&] { write_binary(out, small()); }), "lt[E222]"));
}

TEST_CASE("checkpoint_io::Binary: saves, loads and removes") {
  const Folder folder;
  lt::checkpoint_io::Binary io;
  const auto path = folder / "deep" / "er" / "a.ckpt";
  io.save_checkpoint(small(), path);
  CHECK(difference(io.load_checkpoint(path), small()) == "");
  io.save_checkpoint(Dict{{"second", 1}}, path);
  CHECK(io.load_checkpoint(path).contains("second"));
  CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
  io.remove_checkpoint(path);
  CHECK(!std::filesystem::exists(path));
  io.remove_checkpoint(path);
  io.remove_checkpoint(folder / "deep");
  CHECK(folder.count() == 0);
  io.teardown();
}

TEST_CASE("checkpoint_io::Binary: tensors larger than the buffer") {
  const Folder folder;
  lt::checkpoint_io::Binary io;
  const Value tree = Dict{{"a", torch::rand({100, 1000})}, {"b", 1}, {"c", torch::rand({20000})}};
  io.save_checkpoint(tree, folder / "a.ckpt");
  CHECK(difference(io.load_checkpoint(folder / "a.ckpt"), tree) == "");
}

TEST_CASE("checkpoint_io::Binary: errors name the file") {
  const Folder folder;
  lt::checkpoint_io::Binary io;
  const auto missing = folder / "missing.ckpt";
  CHECK(error_of([&] { io.load_checkpoint(missing); }) ==
        "lt[E201] Checkpoint file not found: " + missing.string());
  CHECK(has(error_of([&] { io.load_checkpoint(folder.path()); }), "is a folder"));
  const auto text = folder / "notes.txt";
  std::ofstream(text) << "not a checkpoint, but long enough";
  CHECK(has(error_of([&] { io.load_checkpoint(text); }), "lt[E221] " + text.string()));
  CHECK(has(error_of([&] { io.save_checkpoint(small(), text / "a.ckpt"); }),
            "lt[E222] the folder of the checkpoint " + (text / "a.ckpt").string()));
}
