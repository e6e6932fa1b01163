// SPDX-License-Identifier: Apache-2.0
// A dataset in a file of fixed-size records, mapped into memory.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/dataset.hpp"
#include "lt/data/index_tensor.hpp"
#include "lt/data/mapped_file.hpp"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// What one record of a `MemmapDataset` is.
struct MemmapDatasetOptions {
  std::vector<std::int64_t> shape{};         ///< of one record; empty: one number
  at::ScalarType dtype = at::kFloat;         ///< of one number, in the machine's byte order
  std::optional<std::int64_t> records{};     ///< how many the file must hold; nothing: any number
};

/// A file without a header that holds records of one shape and type, one after another. Only the
/// pages that are asked for are read, so the file may be larger than memory.
/// Shapes: a sample is `shape`, a batch [batch, shape...]; both are copies.
/// Errors: `DataError` naming file, size found and size expected when the file cannot be opened or
/// its size is not that of whole records, and when an index is out of range.
class MemmapDataset {
 public:
  explicit MemmapDataset(const std::string& path, MemmapDatasetOptions options = {})
      : options_(std::move(options)), file_(std::make_shared<const MappedFile>(path)) {
    record_bytes_ = static_cast<std::int64_t>(c10::elementSize(options_.dtype));
    for (const std::int64_t length : options_.shape) {
      if (length < 1) {
        throw DataError("MemmapDataset: shape has a dimension of " + std::to_string(length) +
                        "; expected 1 or more");
      }
      record_bytes_ *= length;
    }
    const auto bytes = static_cast<std::int64_t>(file_->bytes().size());
    size_ = bytes / record_bytes_;
    if (options_.records && bytes != *options_.records * record_bytes_) {
      throw DataError("MemmapDataset: '" + path + "' has " + std::to_string(bytes) +
                      " bytes; expected " + std::to_string(*options_.records * record_bytes_) +
                      " (" + std::to_string(*options_.records) + " records of " +
                      std::to_string(record_bytes_) + ")");
    }
    if (bytes % record_bytes_ != 0) {
      throw DataError("MemmapDataset: '" + path + "' has " + std::to_string(bytes) +
                      " bytes; expected a multiple of " + std::to_string(record_bytes_) +
                      ", the size of one record");
    }
  }

  std::int64_t size() const { return size_; }

  at::Tensor get(std::int64_t index) const {
    at::Tensor sample = empty_tensor(options_.shape, options_.dtype);
    copy(index, static_cast<std::byte*>(sample.mutable_data_ptr()));
    return sample;
  }

  at::Tensor get_batch(std::span<const std::int64_t> indices) const {
    c10::SmallVector<std::int64_t, 6> shape;
    shape.push_back(static_cast<std::int64_t>(indices.size()));
    shape.append(options_.shape.begin(), options_.shape.end());
    at::Tensor batch = empty_tensor(shape, options_.dtype);
    auto* to = static_cast<std::byte*>(batch.mutable_data_ptr());
    for (const std::int64_t index : indices) {
      copy(index, to);
      to += record_bytes_;
    }
    return batch;
  }

 private:
  void copy(std::int64_t index, std::byte* to) const {
    detail::check_index("MemmapDataset", index, size_);
    std::memcpy(to, file_->bytes().data() + index * record_bytes_,
                static_cast<std::size_t>(record_bytes_));
  }

  MemmapDatasetOptions options_;
  std::shared_ptr<const MappedFile> file_;
  std::int64_t record_bytes_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace lt
