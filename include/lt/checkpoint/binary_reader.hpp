// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/binary_format.hpp"
#include "lt/checkpoint/crc32.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_ops.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::checkpoint::binary {

/// Reads one tree. It believes nothing that it has not checked: no length is larger than what is
/// left of the file, so damaged files cost no memory and end in an error.
class Reader {
 public:
  /// `size` is how many bytes `in` has from here on; `name` is for messages.
  Reader(std::istream& in, std::uint64_t size, std::string name)
      : in_(in), size_(size), name_(std::move(name)) {}

  /// Errors: lt::CheckpointError with the file, what was found and what was expected.
  Value read() {
    read_header();
    Value tree = value(0);
    if (left_ != 0) {
      damaged(lt::text("its tree ends ", left_, " bytes early"));
    }
    const std::uint32_t computed = crc_.value();
    left_ = footer_size;
    if (const auto stored = number<std::uint32_t>(); stored != computed) {
      damaged(lt::text("its checksum is ", computed, "; expected ", stored));
    }
    return tree;
  }

 private:
  void read_header() {
    if (size_ < header_size + footer_size) {
      damaged(lt::text("it has ", size_, " bytes; expected at least ", header_size + footer_size));
    }
    left_ = size_ - footer_size;
    std::array<char, magic.size()> found{};
    bytes(found.data(), found.size());
    if (found != magic) {
      const bool zip = found[0] == 'P' && found[1] == 'K';
      throw CheckpointError(lt::text(
          "lt[E221] ", name_, " is no checkpoint in lt's binary form: ",
          zip ? "found a zip archive, as torch.save writes it" : "its first bytes are others",
          "; expected a file written by lt::checkpoint_io::Binary"));
    }
    if (const auto found_version = number<std::uint32_t>(); found_version != version) {
      throw CheckpointError(lt::text("lt[E221] ", name_, ": version ", found_version,
                                     " of the binary form; expected ", version));
    }
    const auto tree = number<std::uint64_t>();
    if (tree != left_) {
      damaged(lt::text("its tree has ", left_, " bytes; expected ", tree));
    }
  }

  Value value(int depth) {
    if (depth > max_depth) {
      damaged("lists and dicts are too deep inside each other");
    }
    switch (const auto tag = number<std::uint8_t>(); static_cast<Tag>(tag)) {
      case Tag::null:
        return {};
      case Tag::no:
        return false;
      case Tag::yes:
        return true;
      case Tag::integer:
        return number<std::int64_t>();
      case Tag::number:
        return number<double>();
      case Tag::text:
        return text();
      case Tag::bytes:
        return Bytes{text()};
      case Tag::tensor:
        return tensor();
      case Tag::list: {
        List list;
        for (std::uint64_t count = length(); count > 0; --count) {
          list.push_back(value(depth + 1));
        }
        return list;
      }
      case Tag::dict: {
        Dict dict;
        for (std::uint64_t count = length(); count > 0; --count) {
          const Key next = key();
          dict[next] = value(depth + 1);
        }
        return dict;
      }
      default:
        damaged(lt::text("a value has the tag ", tag));
    }
  }

  Key key() {
    switch (const auto tag = number<std::uint8_t>(); static_cast<Tag>(tag)) {
      case Tag::text:
        return text();
      case Tag::integer:
        return number<std::int64_t>();
      default:
        damaged(lt::text("a key has the tag ", tag));
    }
  }

  at::Tensor tensor() {
    const auto type = static_cast<at::ScalarType>(number<std::uint8_t>());
    if (!is_plain(type)) {
      damaged(lt::text("a tensor has the scalar type ", static_cast<int>(type)));
    }
    const auto dims = number<std::uint8_t>();
    if (dims > max_dims) {
      damaged(lt::text("a tensor has ", dims, " dimensions"));
    }
    std::vector<c10::SymInt> sizes;
    std::int64_t extent = static_cast<std::int64_t>(at::elementSize(type));  // if no size were 0
    bool empty = false;
    for (int i = 0; i < dims; ++i) {
      const auto size = number<std::int64_t>();
      const std::int64_t factor = std::max<std::int64_t>(size, 1);
      if (size < 0 || extent > std::numeric_limits<std::int64_t>::max() / factor) {
        damaged(lt::text("a tensor has the size ", size));
      }
      extent *= factor;  // LibTorch multiplies them too, for the strides
      empty = empty || size == 0;
      sizes.emplace_back(size);
    }
    const std::uint64_t count = empty ? 0 : static_cast<std::uint64_t>(extent);
    if (count > left_) {
      damaged(lt::text("a tensor of ", count, " bytes begins where ", left_, " are left"));
    }
    at::Tensor tensor = at::_ops::empty_memory_format::call(
        sizes, type, at::kStrided, at::Device(at::kCPU), false, std::nullopt);
    bytes(tensor.mutable_data_ptr(), count);
    return tensor;
  }

  std::string text() {
    std::string text(length(), '\0');
    bytes(text.data(), text.size());
    return text;
  }

  /// A length or a count: each member takes at least one byte.
  std::uint64_t length() {
    const auto found = number<std::uint64_t>();
    if (found > left_) {
      damaged(lt::text("a length is ", found, " where ", left_, " bytes are left"));
    }
    return found;
  }

  template <class T>
  T number() {
    T value{};
    bytes(&value, sizeof value);
    return value;
  }

  void bytes(void* data, std::uint64_t size) {
    if (size > left_) {
      damaged(lt::text("it ends after ", size_, " bytes, within a value"));
    }
    in_.read(static_cast<char*>(data), static_cast<std::streamsize>(size));
    if (in_.gcount() != static_cast<std::streamsize>(size)) {
      damaged("it cannot be read to its end");
    }
    crc_.update(data, size);
    left_ -= size;
  }

  [[noreturn]] void damaged(std::string_view how) const {
    throw CheckpointError(lt::text("lt[E221] ", name_, " is damaged: ", how));
  }

  std::istream& in_;
  std::uint64_t size_;
  std::uint64_t left_ = 0;  // before the checksum
  std::string name_;
  Crc32 crc_;
};

}  // namespace lt::checkpoint::binary
