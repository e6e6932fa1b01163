// SPDX-License-Identifier: Apache-2.0
// One pass over any loader, with Python's `next()`.
#pragma once

#include "lt/core/loader.hpp"

#include <ranges>
#include <type_traits>
#include <utility>

namespace lt::detail {

/// Begins a pass when it is made. It holds the fresh range of an epoch maker, so it stays where it
/// is; `std::optional<PassCursor<L>>` and `emplace` begin another pass.
template <Loader L>
class PassCursor {
 public:
  explicit PassCursor(L& loader)
      : range_(epoch_range(loader)),
        it_(std::ranges::begin(range_)),
        end_(std::ranges::end(range_)) {}

  PassCursor(const PassCursor&) = delete;
  PassCursor& operator=(const PassCursor&) = delete;

  /// Goes to the next batch; false at the end, and from then on.
  bool next() {
    if (ended_) {
      return false;
    }
    if (started_) {
      ++it_;
    }
    started_ = true;
    ended_ = it_ == end_;
    return !ended_;
  }

  bool ended() const { return ended_; }

  decltype(auto) operator*() { return *it_; }
  const auto& iterator() const { return it_; }

 private:
  using Range = decltype(epoch_range(std::declval<L&>()));

  Range range_;  // a reference to the loader, or a range of its own
  std::ranges::iterator_t<std::remove_reference_t<Range>> it_;
  std::ranges::sentinel_t<std::remove_reference_t<Range>> end_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace lt::detail
