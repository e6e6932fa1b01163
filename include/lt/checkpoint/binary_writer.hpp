// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/binary_format.hpp"
#include "lt/checkpoint/crc32.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace lt::checkpoint::binary {

/// Counts what would be written.
class Counter {
 public:
  void bytes(const void*, std::size_t size) { size_ += size; }
  void elements(const at::Tensor& tensor) { size_ += tensor.nbytes(); }
  std::uint64_t size() const { return size_; }

 private:
  std::uint64_t size_ = 0;
};

/// Writes to `Sink`, which has `write(const void*, std::size_t)`, and keeps the CRC.
template <class Sink>
class Output {
 public:
  explicit Output(Sink& sink) : sink_(sink) {}

  void bytes(const void* data, std::size_t size) {
    crc_.update(data, size);
    sink_.write(data, size);
  }
  void elements(const at::Tensor& tensor) {
    const at::Tensor dense = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous();
    bytes(dense.const_data_ptr(), dense.nbytes());
  }
  std::uint32_t crc() const { return crc_.value(); }

 private:
  Sink& sink_;
  Crc32 crc_;
};

/// Walks over a tree and gives its bytes to `Out`: a Counter or an Output.
/// Errors: lt::CheckpointError for tensors that are not dense, and for trees too deep.
template <class Out>
class TreeWriter {
 public:
  explicit TreeWriter(Out& out) : out_(out) {}

  void value(const Value& value, const Path& path, int depth = 0) {
    if (depth > max_depth) {
      throw CheckpointError(lt::text("lt[E222] ", path, ": more than ", max_depth,
                                     " lists and dicts inside each other"));
    }
    switch (value.kind()) {
      case Kind::null:
        tag(Tag::null);
        break;
      case Kind::boolean:
        tag(value.as<bool>() ? Tag::yes : Tag::no);
        break;
      case Kind::integer:
        tag(Tag::integer);
        number(value.as<std::int64_t>());
        break;
      case Kind::number:
        tag(Tag::number);
        number(value.as<double>());
        break;
      case Kind::text:
        tag(Tag::text);
        text(value.as<std::string>());
        break;
      case Kind::bytes:
        tag(Tag::bytes);
        text(value.as<Bytes>().data);
        break;
      case Kind::tensor:
        tag(Tag::tensor);
        tensor(value.as<at::Tensor>(), path);
        break;
      case Kind::list: {
        tag(Tag::list);
        number(std::uint64_t{value.size()});
        std::size_t i = 0;
        for (const Value& item : value.list()) {
          const Key index(i++);
          this->value(item, Path(path, index), depth + 1);
        }
        break;
      }
      case Kind::dict:
        tag(Tag::dict);
        number(std::uint64_t{value.size()});
        for (const Entry& entry : value.dict()) {
          key(entry.key);
          this->value(entry.value, Path(path, entry.key), depth + 1);
        }
        break;
    }
  }

  template <class T>
  requires std::is_arithmetic_v<T>
  void number(T value) {
    out_.bytes(&value, sizeof value);
  }

 private:
  void tag(Tag tag) { number(static_cast<std::uint8_t>(tag)); }
  void text(std::string_view text) {
    number(std::uint64_t{text.size()});
    out_.bytes(text.data(), text.size());
  }
  void key(const Key& key) {
    if (key.text()) {
      tag(Tag::text);
      text(*key.text());
    } else {
      tag(Tag::integer);
      number(*key.number());
    }
  }
  void tensor(const at::Tensor& tensor, const Path& path) {
    if (tensor.layout() != at::kStrided || !is_plain(tensor.scalar_type()) ||
        tensor.dim() > max_dims || tensor.is_meta()) {
      throw CheckpointError(lt::text("lt[E222] ", path, ": a tensor of type ",
                                     at::toString(tensor.scalar_type()),
                                     " cannot be saved; expected a dense, not quantized one"));
    }
    number(static_cast<std::uint8_t>(tensor.scalar_type()));
    number(static_cast<std::uint8_t>(tensor.dim()));
    for (const std::int64_t size : tensor.sizes()) {
      number(size);
    }
    out_.elements(tensor);
  }

  Out& out_;
};

/// Writes the whole file to `sink`. Nothing is written if the tree cannot be.
template <class Sink>
void write(Sink& sink, const Value& tree) {
  Counter counter;
  TreeWriter(counter).value(tree, Path());

  Output<Sink> output(sink);
  TreeWriter writer(output);
  output.bytes(magic.data(), magic.size());
  writer.number(version);
  writer.number(counter.size());
  writer.value(tree, Path());
  writer.number(output.crc());
}

}  // namespace lt::checkpoint::binary
