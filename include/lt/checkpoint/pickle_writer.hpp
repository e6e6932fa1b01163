// SPDX-License-Identifier: Apache-2.0
// A tree as `torch.save` pickles it. Source: Python, Lib/pickle.py (protocol 2); PyTorch,
// torch/serialization.py and torch/_utils.py.
#pragma once

#include "lt/checkpoint/torch_types.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lt::checkpoint::detail {

/// Writes the pickle and collects the storages that tensors refer to by their number. Only what
/// `torch.load(weights_only=True)` reads is written. Tensors that share memory share it in the
/// file; those of other devices are copied to the CPU. Errors: lt::CheckpointError lt[E224] for
/// tensors that are not dense and for trees too deep.
class PickleWriter {
 public:
  /// The whole pickle.
  std::string write(const Value& tree) {
    out_ = "\x80\x02";
    value(tree, Path(), 0);
    out_ += '.';
    return std::move(out_);
  }
  /// Tensors whose storages, whole, are the records `data/0`, `data/1`, ...
  const std::vector<at::Tensor>& storages() const { return storages_; }

 private:
  void value(const Value& value, const Path& path, int depth) {
    if (depth > 200) {
      throw CheckpointError(lt::text("lt[E224] ", path,
                                     ": lists and dicts are too deep inside "
                                     "each other; expected at most 200 levels"));
    }
    switch (value.kind()) {
      case Kind::null:
        out_ += 'N';
        break;
      case Kind::boolean:
        out_ += value.as<bool>() ? '\x88' : '\x89';
        break;
      case Kind::integer:
        integer(value.as<std::int64_t>());
        break;
      case Kind::number:
        number(value.as<double>());
        break;
      case Kind::text:
        text(value.as<std::string>());
        break;
      case Kind::bytes:
        bytes(value.as<Bytes>().data);
        break;
      case Kind::tensor:
        tensor(value.as<at::Tensor>(), path);
        break;
      case Kind::list: {
        out_ += "](";
        std::int64_t index = 0;
        for (const Value& item : value.list()) {
          const Key key(index++);
          this->value(item, Path(path, key), depth + 1);
        }
        out_ += 'e';
        break;
      }
      case Kind::dict:
        out_ += "}(";
        for (const Entry& entry : value.dict()) {
          if (const auto* word = entry.key.text()) {
            text(*word);
          } else {
            integer(*entry.key.number());
          }
          this->value(entry.value, Path(path, entry.key), depth + 1);
        }
        out_ += 'u';
        break;
    }
  }

  void little_endian(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      out_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
  }
  void integer(std::int64_t value) {
    if (value >= 0 && value < 256) {
      out_ += 'K';
      little_endian(static_cast<std::uint64_t>(value), 1);
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
      out_ += 'J';
      little_endian(static_cast<std::uint64_t>(value), 4);
    } else {
      out_ += "\x8a\x08";  // LONG1 of eight bytes
      little_endian(static_cast<std::uint64_t>(value), 8);
    }
  }
  void number(double value) {
    out_ += 'G';
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_ += static_cast<char>(bits >> shift & 0xFFU);
    }
  }
  void text(std::string_view value) {
    out_ += 'X';
    little_endian(value.size(), 4);
    out_ += value;
  }
  // `_codecs.encode(text, "latin1")`: protocol 2 has no bytes.
  void bytes(std::string_view value) {
    std::string latin1;
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        latin1 += c;
      } else {
        latin1 += static_cast<char>(0xC0U | byte >> 6U);
        latin1 += static_cast<char>(0x80U | (byte & 0x3FU));
      }
    }
    out_ += "c_codecs\nencode\n(";
    text(latin1);
    text("latin1");
    out_ += "tR";
  }

  void tensor(const at::Tensor& given, const Path& path) {
    const TorchType* type = torch_type(given.scalar_type());
    if (type == nullptr || given.layout() != at::kStrided) {
      throw CheckpointError(lt::text("lt[E224] ", path,
                                     ": expected a dense tensor of plain numbers, "
                                     "found one of type ",
                                     c10::toString(given.scalar_type()), ", layout ",
                                     static_cast<int>(given.layout())));
    }
    const at::Tensor here = given.detach().cpu().resolve_conj().resolve_neg();
    const std::size_t storage = storage_of(here);
    out_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    out_ += lt::text("ctorch\n", type->storage, "\n");
    text(lt::text(storage));
    text("cpu");
    integer(static_cast<std::int64_t>(here.storage().nbytes()) /
            static_cast<std::int64_t>(here.element_size()));
    out_ += "tQ";
    integer(here.storage_offset());
    integers(here.sizes());
    integers(here.strides());
    out_ += "\x89";  // requires_grad
    out_ += "ccollections\nOrderedDict\n)RtR";
  }
  void integers(at::IntArrayRef values) {
    out_ += '(';
    for (const std::int64_t value : values) {
      integer(value);
    }
    out_ += 't';
  }
  std::size_t storage_of(const at::Tensor& tensor) {
    const auto [found, fresh] =
        numbers_.emplace(tensor.storage().unsafeGetStorageImpl(), storages_.size());
    if (fresh) {
      storages_.push_back(tensor);  // holds the storage, so that its address stays its own
    }
    return found->second;
  }

  std::string out_;
  std::vector<at::Tensor> storages_;
  std::map<const c10::StorageImpl*, std::size_t> numbers_;
};

}  // namespace lt::checkpoint::detail
