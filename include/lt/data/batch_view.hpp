// SPDX-License-Identifier: Apache-2.0
// A range of samples as a range of batches.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/loader.hpp"
#include "lt/data/collate.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/pass_cursor.hpp"

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Collates every `batch_size` samples of `R` into a batch; the last may be smaller unless it is
/// dropped. Each `begin()` walks `R` anew.
/// Errors: `ConfigError` when `batch_size` is less than 1.
template <Loader R, class C = DefaultCollate>
class BatchView {
 public:
  using lt_loader = void;
  using sample_type = batch_of<R>;

  BatchView(R samples, std::int64_t batch_size, bool drop_last = false, C collate = {})
      : samples_(std::move(samples)),
        batch_size_(batch_size),
        drop_last_(drop_last),
        collate_(std::move(collate)) {
    if (batch_size < 1) {
      throw ConfigError("views::batch: batch_size is " + std::to_string(batch_size) +
                        "; expected 1 or more");
    }
  }

  class Pass {
   public:
    using batch_type = std::remove_cvref_t<decltype(std::declval<const C&>()(
        std::declval<std::vector<sample_type>&>()))>;

    explicit Pass(BatchView& view) : view_(&view), samples_(view.samples_) {}

    bool next(std::optional<batch_type>& batch) {
      batch.reset();
      buffer_.clear();
      while (std::ssize(buffer_) < view_->batch_size_ && samples_.next()) {
        buffer_.push_back(*samples_);
      }
      if (buffer_.empty() || (view_->drop_last_ && std::ssize(buffer_) < view_->batch_size_)) {
        return false;
      }
      batch.emplace(view_->collate_(buffer_));
      buffer_.clear();
      return true;
    }

   private:
    BatchView* view_;
    detail::PassCursor<R> samples_;
    std::vector<sample_type> buffer_;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() { return iterator(std::make_unique<Pass>(*this)); }
  std::default_sentinel_t end() const { return {}; }

  /// Batches per pass, if `R` knows its size.
  std::optional<std::int64_t> size() const {
    const std::optional<std::int64_t> samples = loader_size(samples_);
    if (!samples) {
      return std::nullopt;
    }
    return (drop_last_ ? *samples : *samples + batch_size_ - 1) / batch_size_;
  }

 private:
  R samples_;
  std::int64_t batch_size_;
  bool drop_last_;
  C collate_;
};

}  // namespace lt
