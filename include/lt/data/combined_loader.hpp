// SPDX-License-Identifier: Apache-2.0
// Several loaders as one.
#pragma once

#include "lt/core/limits.hpp"
#include "lt/core/loader.hpp"
#include "lt/data/combine_parts.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/named.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Stops with the shortest loader.
struct MinSize {};
/// Starts shorter loaders again until every loader has ended once.
struct MaxSizeCycle {};
/// Goes on to the longest loader; those that have ended give an empty optional.
struct MaxSize {};
/// One loader after another.
struct Sequential {};

/// What a sequential combination yields. `Batch` is a variant where the loaders differ in it.
template <class Batch>
struct SequentialBatch {
  Batch batch;
  std::int64_t batch_idx = 0;       ///< counted anew for each loader
  std::int64_t dataloader_idx = 0;  ///< which loader
};

/// Lightning's `CombinedLoader(iterables, mode)` with the mode as a type. `Structure` is a tuple of
/// loaders, a tuple of `Named` loaders, a vector of loaders or a map from keys to loaders, and a
/// batch has the same structure; in the mode `MaxSize` its elements are optionals. Made by
/// `lt::combine<Mode>(...)`.
/// In the mode `Sequential` a pass over a loader begins only when its turn comes; in the others
/// all begin together, in order.
/// Source: `lightning/pytorch/utilities/combined_loader.py`.
template <class Mode, class Structure>
class CombinedLoader {
  using Parts = detail::CombineParts<Structure>;

 public:
  using lt_loader = void;

  explicit CombinedLoader(Structure loaders) : loaders_(std::move(loaders)) {}

  class Pass {
   public:
    using batch_type = typename Parts::template batch<std::is_same_v<Mode, MaxSize>>;

    explicit Pass(CombinedLoader& combined)
        : loaders_(&combined.loaders_), cursors_(Parts::cursors(*loaders_)) {
      each([](auto& loader, auto& cursor, std::size_t) {
        cursor.emplace(loader);
        return true;
      });
    }

    bool next(std::optional<batch_type>& batch) {
      batch.reset();
      if (!advance(Mode{})) {
        return false;
      }
      batch.emplace(Parts::template collect<std::is_same_v<Mode, MaxSize>>(cursors_));
      return true;
    }

   private:
    // Calls f(loader, cursor, index) until it says false; whether it never did.
    template <class F>
    bool each(F f) {
      return Parts::each(*loaders_, cursors_, f);
    }

    bool advance(MinSize) {
      return Parts::count(*loaders_) > 0 &&
             each([](auto&, auto& cursor, std::size_t) { return cursor->next(); });
    }

    bool advance(MaxSize) {
      bool any = false;
      each([&](auto&, auto& cursor, std::size_t) {
        any = cursor->next() || any;
        return true;
      });
      return any;
    }

    bool advance(MaxSizeCycle) {
      const std::size_t count = Parts::count(*loaders_);
      consumed_.resize(count, false);
      return count > 0 && each([&](auto& loader, auto& cursor, std::size_t index) {
               if (cursor->next()) {
                 return true;
               }
               consumed_[index] = true;
               if (std::ranges::find(consumed_, false) == consumed_.end()) {
                 return false;
               }
               cursor.emplace(loader);
               return cursor->next();  // an empty loader ends the whole pass, as in Lightning
             });
    }

    Structure* loaders_;
    typename Parts::cursors_type cursors_;
    std::vector<bool> consumed_;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() { return iterator(std::make_unique<Pass>(*this)); }
  std::default_sentinel_t end() const { return {}; }

  /// Batches per pass: the smallest or the largest size of a loader; nothing when that is not
  /// known.
  std::optional<std::int64_t> size() const {
    constexpr bool smallest = std::is_same_v<Mode, MinSize>;
    std::optional<std::int64_t> result;
    bool unknown = false;
    Parts::for_each(loaders_, [&](const auto& loader) {
      const std::optional<std::int64_t> size = loader_size(loader);
      unknown = unknown || !size;
      if (size && (!result || (smallest ? *size < *result : *size > *result))) {
        result = size;
      }
    });
    if (Parts::count(loaders_) == 0) {
      return 0;
    }
    return unknown && !smallest ? std::nullopt : result;
  }

  /// The size of each loader.
  std::vector<BatchCount> part_sizes() const {
    std::vector<BatchCount> sizes;
    Parts::for_each(loaders_, [&](const auto& loader) {
      const std::optional<std::int64_t> size = loader_size(loader);
      sizes.push_back(size ? BatchCount(*size) : BatchCount::infinite());
    });
    return sizes;
  }

  /// Batches per pass when each loader is cut to a limit: the smallest or the largest of them.
  BatchCount limited_size(const std::vector<BatchCount>& limits) const {
    if (limits.empty()) {
      return 0;
    }
    return std::is_same_v<Mode, MinSize> ? *std::ranges::min_element(limits)
                                         : *std::ranges::max_element(limits);
  }

  Structure& loaders() { return loaders_; }

  /// Calls `f(loader)` for each loader in order: to reach samplers, or the state of stateful ones.
  template <class F>
  void for_each_loader(F&& f) {
    Parts::for_each(loaders_, f);
  }

  /// Forwarded to the loaders that want to know.
  void set_epoch(std::int64_t epoch) { Parts::set_epoch(loaders_, epoch); }

 private:
  Structure loaders_;
};

/// The loaders one after another, with the number of the loader and of the batch in it.
template <class Structure>
class CombinedLoader<Sequential, Structure> {
  using Parts = detail::CombineParts<Structure>;

 public:
  using lt_loader = void;

  explicit CombinedLoader(Structure loaders) : loaders_(std::move(loaders)) {}

  class Pass {
   public:
    using batch_type = SequentialBatch<typename Parts::any_batch>;

    explicit Pass(CombinedLoader& combined)
        : loaders_(&combined.loaders_), cursors_(Parts::cursors(*loaders_)) {}

    bool next(std::optional<batch_type>& batch) {
      batch.reset();
      // Earlier loaders have ended; the first that has a batch left is the current one.
      Parts::each(*loaders_, cursors_, [&](auto& loader, auto& cursor, std::size_t index) {
        const auto number = static_cast<std::int64_t>(index);
        if (number < current_) {
          return true;
        }
        if (number > current_ || !cursor) {
          current_ = number;
          batch_idx_ = 0;
          cursor.emplace(loader);
        }
        if (!cursor->next()) {
          cursor.reset();  // its workers are needed no longer
          return true;
        }
        batch.emplace(batch_type{typename Parts::any_batch(**cursor), batch_idx_++, number});
        return false;
      });
      if (!batch) {
        current_ = static_cast<std::int64_t>(Parts::count(*loaders_));
      }
      return batch.has_value();
    }

   private:
    Structure* loaders_;
    typename Parts::cursors_type cursors_;
    std::int64_t current_ = 0;
    std::int64_t batch_idx_ = 0;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() { return iterator(std::make_unique<Pass>(*this)); }
  std::default_sentinel_t end() const { return {}; }

  /// Batches of all loaders; nothing when a size is not known.
  std::optional<std::int64_t> size() const {
    std::optional<std::int64_t> sum = 0;
    Parts::for_each(loaders_, [&](const auto& loader) {
      const std::optional<std::int64_t> size = loader_size(loader);
      sum = sum && size ? std::optional(*sum + *size) : std::nullopt;
    });
    return sum;
  }

  Structure& loaders() { return loaders_; }

  /// Calls `f(loader)` for each loader in order.
  template <class F>
  void for_each_loader(F&& f) {
    Parts::for_each(loaders_, f);
  }

  /// Forwarded to the loaders that want to know.
  void set_epoch(std::int64_t epoch) { Parts::set_epoch(loaders_, epoch); }

 private:
  Structure loaders_;
};

/// `lt::combine<lt::MinSize>(a, b)`: a combination of loaders, all named or none.
template <class Mode, class... Ls>
  requires(sizeof...(Ls) > 1 || (detail::is_named<Ls> && ...))
auto combine(Ls... loaders) {
  static_assert((detail::is_named<Ls> && ...) || !(detail::is_named<Ls> || ...),
                "either all loaders of a combination have a name or none has");
  return CombinedLoader<Mode, std::tuple<Ls...>>(std::tuple<Ls...>(std::move(loaders)...));
}

/// `lt::combine<lt::MaxSize>(std::move(vector))`: a tuple, vector or map of loaders.
template <class Mode, class Structure>
  requires(!detail::is_named<Structure>)
auto combine(Structure loaders) {
  return CombinedLoader<Mode, Structure>(std::move(loaders));
}

}  // namespace lt
