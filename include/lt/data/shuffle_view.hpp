// SPDX-License-Identifier: Apache-2.0
// Shuffling a range of samples within a buffer.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/loader.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/pass_cursor.hpp"
#include "lt/data/rng.hpp"

#include <ATen/core/MT19937RNGEngine.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Options of `views::shuffle`.
struct ShuffleOptions {
  std::int64_t buffer = 10000;         ///< samples held; a whole range fits: a true shuffle
  std::optional<std::int64_t> seed{};  ///< nothing: each pass draws one from the default generator
};

/// The elements of `R` in random order: each one handed out is chosen from a buffer that is then
/// filled up from `R`, as in torch's `ShufflerIterDataPipe`. With a seed pass k shuffles with seed
/// + k, so that epochs differ and runs do not.
/// Errors: `ConfigError` when the buffer is less than 1.
template <Loader R>
class ShuffleView {
 public:
  using lt_loader = void;

  ShuffleView(R range, ShuffleOptions options) : range_(std::move(range)), options_(options) {
    if (options.buffer < 1) {
      throw ConfigError("views::shuffle: buffer is " + std::to_string(options.buffer) +
                        "; expected 1 or more");
    }
  }

  class Pass {
   public:
    using batch_type = batch_of<R>;

    Pass(ShuffleView& view, std::int64_t seed)
        : source_(view.range_),
          buffer_size_(view.options_.buffer),
          engine_(static_cast<std::uint64_t>(seed)) {}

    bool next(std::optional<batch_type>& element) {
      element.reset();
      while (std::ssize(buffer_) < buffer_size_ && source_.next()) {
        buffer_.push_back(*source_);
      }
      if (buffer_.empty()) {
        return false;
      }
      // Not <random>, which costs compile time and whose distributions differ between standard
      // libraries. With 64 bits the bias of the remainder is below 2^-32 for buffers up to 2^32.
      const std::uint64_t high = engine_();
      const auto chosen = static_cast<std::size_t>((high << 32 | engine_()) % buffer_.size());
      std::swap(buffer_[chosen], buffer_.back());
      element.emplace(std::move(buffer_.back()));
      buffer_.pop_back();
      return true;
    }

   private:
    detail::PassCursor<R> source_;
    std::int64_t buffer_size_;
    at::mt19937 engine_;
    std::vector<batch_type> buffer_;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() {
    const std::int64_t seed =
        options_.seed ? *options_.seed + passes_++ : rng::draw_seed(std::nullopt);
    return iterator(std::make_unique<Pass>(*this, seed));
  }
  std::default_sentinel_t end() const { return {}; }

  std::optional<std::int64_t> size() const { return loader_size(range_); }

  /// The pass that begins next, for a seed: resuming at an epoch gives that epoch's order.
  void set_epoch(std::int64_t epoch) { passes_ = epoch; }

 private:
  R range_;
  ShuffleOptions options_;
  std::int64_t passes_ = 0;
};

}  // namespace lt
