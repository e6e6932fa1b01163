// SPDX-License-Identifier: Apache-2.0
// The input iterator of loaders: a batch is made when it is first looked at.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace lt::detail {

/// Walks a pass object with `bool next(std::optional<batch_type>&)`. The next batch is made by the
/// first `*it` or `it == end` after `++it`, not by `++it`, which is when Python's `next()` would.
/// It owns the pass: destroying the iterator ends it.
template <class Pass>
class LazyIterator {
 public:
  using value_type = typename Pass::batch_type;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  LazyIterator() = default;
  explicit LazyIterator(std::unique_ptr<Pass> pass)
      : state_(std::make_unique<State>(State{std::move(pass)})) {}

  value_type& operator*() const {
    state_->load();
    return *state_->batch;
  }
  value_type* operator->() const { return &**this; }

  LazyIterator& operator++() {
    state_->load();
    state_->wanted = true;
    return *this;
  }
  void operator++(int) { ++*this; }

  bool operator==(std::default_sentinel_t) const { return !state_->load(); }

  const Pass& pass() const { return *state_->pass; }

 private:
  struct State {
    std::unique_ptr<Pass> pass;
    std::optional<value_type> batch{};
    bool wanted = true;  // the next batch is due
    bool ended = false;

    /// Whether there is a current batch.
    bool load() {
      if (wanted && !ended) {
        ended = !pass->next(batch);
        wanted = false;  // not after an exception: the next look then goes on behind it
      }
      return !ended;
    }
  };

  std::unique_ptr<State> state_;
};

}  // namespace lt::detail
