// SPDX-License-Identifier: Apache-2.0
// A range walked ahead by a background thread.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/loader.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/pass_cursor.hpp"
#include "lt/data/worker_pool.hpp"

#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lt {

/// The elements of `R` in order, up to `depth` of them made in advance by a thread of its own.
/// The thread ends with the pass. With a depth of 0 there is no thread.
/// Errors: `ConfigError` when `depth` is negative; `DataError` for what `R` threw in the thread,
/// at its place in the order, with the original nested in it; the pass is then over.
template <Loader R>
class PrefetchView {
 public:
  using lt_loader = void;

  PrefetchView(R range, std::int64_t depth) : range_(std::move(range)), depth_(depth) {
    if (depth < 0) {
      throw ConfigError("views::prefetch: depth is " + std::to_string(depth) +
                        "; expected 0 or more");
    }
  }

  class Pass {
   public:
    using batch_type = batch_of<R>;

    explicit Pass(PrefetchView& view, std::int64_t seed = 0)
        : source_(std::make_unique<detail::PassCursor<R>>(view.range_)) {
      if (view.depth_ > 0) {
        pool_ = std::make_unique<Pool>(
            1, view.depth_, seed,
            [source = source_.get()](std::int64_t, NoJob&) { return take(*source); });
        while (!pool_->full()) {
          pool_->submit();
        }
      }
    }

    bool next(std::optional<batch_type>& batch) {
      batch.reset();
      if (!pool_) {
        batch = take(*source_);
        return batch.has_value();
      }
      if (ended_) {
        return false;
      }
      const std::int64_t number = pool_->next_taken();
      try {
        batch = pool_->take();
      } catch (const std::exception& error) {
        fail(number, error.what());
      } catch (...) {
        fail(number, "not a std::exception");
      }
      ended_ = !batch.has_value();
      if (!ended_) {
        pool_->submit();
      }
      return !ended_;
    }

   private:
    struct NoJob {};
    using Pool = WorkerPool<NoJob, batch_type>;

    static std::optional<batch_type> take(detail::PassCursor<R>& source) {
      return source.next() ? std::optional<batch_type>(*source) : std::nullopt;
    }

    [[noreturn]] void fail(std::int64_t number, const char* what) {
      ended_ = true;
      std::throw_with_nested(
          DataError("prefetch: failed at batch " + std::to_string(number) + ": " + what));
    }

    std::unique_ptr<detail::PassCursor<R>> source_;
    std::unique_ptr<Pool> pool_;  // after the source, which its thread uses
    bool ended_ = false;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() { return iterator(std::make_unique<Pass>(*this)); }

  /// A pass whose thread's `rng::current_generator()` has this seed.
  iterator begin_with_seed(std::int64_t seed) {
    return iterator(std::make_unique<Pass>(*this, seed));
  }

  std::default_sentinel_t end() const { return {}; }

  std::optional<std::int64_t> size() const { return loader_size(range_); }

 private:
  R range_;
  std::int64_t depth_;
};

}  // namespace lt
