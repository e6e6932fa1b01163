// SPDX-License-Identifier: Apache-2.0
// Loaders as the loops walk them: one stream, or several one after the other, under limits.
#pragma once

#include "lt/core/limits.hpp"
#include "lt/core/loader.hpp"
#include "lt/data/combined_loader.hpp"
#include "lt/data/loader_ref.hpp"
#include "lt/data/pass_cursor.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// A loader made of several that are read side by side; it says how long each is, and how long it
/// is itself when each is cut to a limit.
template <class L>
concept CompositeLoader = requires(const L& loader, const std::vector<BatchCount>& limits) {
  { loader.part_sizes() } -> std::same_as<std::vector<BatchCount>>;
  { loader.limited_size(limits) } -> std::same_as<BatchCount>;
};

/// Several loaders that are evaluated one after the other: a vector of loaders.
template <class T>
inline constexpr bool is_loader_list = false;
template <class L>
  requires Loader<L> && (enable_loader<L> || EpochMaker<L>)
inline constexpr bool is_loader_list<std::vector<L>> = true;

/// The sizes of the loaders behind `loader`.
template <Loader L>
std::vector<BatchCount> part_sizes(const L& loader) {
  if constexpr (CompositeLoader<L>) {
    return loader.part_sizes();
  } else {
    const auto size = loader_size(loader);
    return {size ? BatchCount(*size) : BatchCount::infinite()};
  }
}

/// One loader (which may combine several side by side) as a stream of batches. Models BatchSource.
/// A stream of unknown length is read one batch ahead, to know which batch is the last.
template <Loader L>
class BatchStream {
 public:
  using batch_type = batch_of<L>;
  using loader_type = L;

  explicit BatchStream(L loader) : loader_(std::move(loader)) {}
  BatchStream(const BatchStream&) = delete;

  std::vector<BatchCount> sizes() const { return part_sizes(loader_); }
  void set_limits(std::vector<BatchCount> limits) { limits_ = std::move(limits); }
  const std::vector<BatchCount>& max_batches() const { return limits_; }
  bool sequential() const { return !CompositeLoader<L>; }

  /// Batches of one pass under the limits.
  BatchCount length() const {
    if constexpr (CompositeLoader<L>) {
      return loader_.limited_size(limits_);
    } else {
      return limits_[0];
    }
  }

  void set_epoch(std::int64_t epoch) { detail::set_loader_epoch(loader_, epoch); }
  L& loader() { return loader_; }

  void restart(std::int64_t skipped) {
    cursor_.emplace(loader_);
    length_ = length();
    fetched_ = 0;
    ended_ = false;
    ahead_ = false;
    done_ = length_ == BatchCount(0);
    if (length_.is_infinite()) {
      fetch_ahead();
    }
    count_as_fetched(skipped);
  }
  void count_as_fetched(std::int64_t count) { fetched_ += count; }

  bool next() {
    held_.reset();
    if (length_.is_infinite()) {
      return next_of_unknown_length();
    }
    if (done_ || !cursor_->next()) {
      done_ = true;
      return false;
    }
    ++fetched_;
    done_ = fetched_ >= length_.value();
    return true;
  }

  bool done() const { return done_; }
  std::int64_t batch_idx() const { return fetched_ - 1; }
  std::int64_t dataloader_idx() const { return 0; }
  decltype(auto) batch() { return current(); }
  /// The samples of the current batch, where the loader tells them.
  std::vector<std::int64_t> batch_indices() const {
    if constexpr (requires { cursor_->iterator().pass().indices(); }) {
      if (cursor_ && !length_.is_infinite()) {
        return cursor_->iterator().pass().indices();
      }
    }
    return {};
  }

 private:
  using Cursor = detail::PassCursor<L>;
  static constexpr bool yields_reference =
      std::is_lvalue_reference_v<decltype(*std::declval<Cursor&>())>;

  // The batch of the cursor; held here where the loader makes it on the fly.
  const batch_type& current() {
    if (held_) {
      return *held_;
    }
    if constexpr (yields_reference) {
      return **cursor_;
    } else {
      held_.emplace(**cursor_);
      return *held_;
    }
  }

  void fetch_ahead() {
    ahead_ = !ended_ && cursor_->next();
    ended_ = !ahead_;
    done_ = ended_;
  }

  bool next_of_unknown_length() {
    if (!ahead_) {
      done_ = true;
      return false;
    }
    held_.emplace(**cursor_);
    ++fetched_;
    fetch_ahead();
    return true;
  }

  L loader_;
  std::vector<BatchCount> limits_{BatchCount::infinite()};
  std::optional<Cursor> cursor_;
  std::optional<batch_type> held_;
  BatchCount length_;
  std::int64_t fetched_ = 0;
  bool ahead_ = false;
  bool ended_ = false;
  bool done_ = false;
};

/// Several loaders of one type, read one after the other. Models BatchSource.
template <Loader L>
class SequentialSource {
 public:
  using batch_type = batch_of<L>;
  using loader_type = std::vector<L>;

  explicit SequentialSource(std::vector<L> loaders) {
    streams_.reserve(loaders.size());
    for (L& loader : loaders) {
      streams_.push_back(std::make_unique<BatchStream<L>>(std::move(loader)));
    }
  }

  std::vector<BatchCount> sizes() const {
    std::vector<BatchCount> out;
    for (const auto& stream : streams_) {
      out.push_back(stream->sizes()[0]);
    }
    return out;
  }
  void set_limits(const std::vector<BatchCount>& limits) {
    limits_ = limits;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      streams_[i]->set_limits({limits[i]});
    }
  }
  const std::vector<BatchCount>& max_batches() const { return limits_; }
  bool sequential() const { return true; }
  void set_epoch(std::int64_t epoch) {
    for (auto& stream : streams_) {
      stream->set_epoch(epoch);
    }
  }

  void restart(std::int64_t skipped) {
    current_ = 0;
    started_ = false;
    fetched_ = 0;
    total_ = BatchCount(0);
    for (BatchCount limit : limits_) {
      total_ = limit.is_infinite() || total_.is_infinite()
                   ? BatchCount::infinite()
                   : BatchCount(total_.value() + limit.value());
    }
    done_ = total_ == BatchCount(0);
    count_as_fetched(skipped);
  }
  void count_as_fetched(std::int64_t count) { fetched_ += count; }

  bool next() {
    if (done_) {
      return false;
    }
    while (current_ < streams_.size()) {
      if (!started_) {
        streams_[current_]->restart(0);
        started_ = true;
      }
      if (streams_[current_]->next()) {
        ++fetched_;
        done_ = total_.is_infinite()
                    ? current_ + 1 >= streams_.size() && streams_[current_]->done()
                    : fetched_ >= total_.value();
        return true;
      }
      ++current_;
      started_ = false;
    }
    return false;
  }

  bool done() const { return done_; }
  std::int64_t batch_idx() const { return streams_[current_]->batch_idx(); }
  std::int64_t dataloader_idx() const { return static_cast<std::int64_t>(current_); }
  decltype(auto) batch() { return streams_[current_]->batch(); }
  std::vector<std::int64_t> batch_indices() const { return streams_[current_]->batch_indices(); }

 private:
  std::vector<std::unique_ptr<BatchStream<L>>> streams_;
  std::vector<BatchCount> limits_;
  std::size_t current_ = 0;
  bool started_ = false;
  bool done_ = false;
  std::int64_t fetched_ = 0;
  BatchCount total_;
};

/// Several loaders of different types, read one after the other; their batches are of one type.
/// Models BatchSource.
template <Loader... Ls>
class SequentialTupleSource {
  template <class L>
  using stream_of = std::unique_ptr<BatchStream<L>>;

 public:
  using batch_type = batch_of<std::tuple_element_t<0, std::tuple<Ls...>>>;
  using loader_type = std::tuple<Ls...>;
  static_assert((std::same_as<batch_type, batch_of<Ls>> && ...),
                "lt[E119] the loaders of one evaluation yield batches of different types; Fix: give "
                "loaders with one batch type, or combine them side by side with lt::combine");

  explicit SequentialTupleSource(std::tuple<Ls...> loaders)
      : streams_(std::apply(
            [](Ls&... loader) {
              return std::tuple(std::make_unique<BatchStream<Ls>>(std::move(loader))...);
            },
            loaders)) {}

  std::vector<BatchCount> sizes() const {
    std::vector<BatchCount> out;
    std::apply([&](const auto&... stream) { (out.push_back(stream->sizes()[0]), ...); }, streams_);
    return out;
  }
  void set_limits(const std::vector<BatchCount>& limits) {
    limits_ = limits;
    std::size_t i = 0;
    each([&](auto& stream) { stream.set_limits({limits[i++]}); });
  }
  const std::vector<BatchCount>& max_batches() const { return limits_; }
  bool sequential() const { return true; }
  void set_epoch(std::int64_t epoch) {
    each([&](auto& stream) { stream.set_epoch(epoch); });
  }

  void restart(std::int64_t) {
    current_ = 0;
    each([](auto& stream) { stream.restart(0); });
  }
  bool next() {
    for (; current_ < sizeof...(Ls); ++current_) {
      bool found = false;
      with_current([&](auto& stream) { found = stream.next(); });
      if (found) {
        return true;
      }
    }
    return false;
  }
  bool done() const {
    bool done = current_ >= sizeof...(Ls);
    with_current([&](const auto& stream) { done = stream.done(); });
    std::size_t i = 0;
    // The loaders behind the current one have nothing to give only if they are empty.
    return done && std::all_of(limits_.begin(), limits_.end(), [&](BatchCount limit) {
             return i++ <= current_ || limit == BatchCount(0);
           });
  }
  std::int64_t batch_idx() const {
    std::int64_t index = 0;
    with_current([&](const auto& stream) { index = stream.batch_idx(); });
    return index;
  }
  std::int64_t dataloader_idx() const { return static_cast<std::int64_t>(current_); }
  const batch_type& batch() {
    const batch_type* found = nullptr;
    with_current([&](auto& stream) { found = &stream.batch(); });
    return *found;
  }
  std::vector<std::int64_t> batch_indices() const {
    std::vector<std::int64_t> indices;
    with_current([&](const auto& stream) { indices = stream.batch_indices(); });
    return indices;
  }

 private:
  template <class F>
  void each(F&& f) {
    std::apply([&](auto&... stream) { (f(*stream), ...); }, streams_);
  }
  template <class F>
  void with_current(F&& f) const {
    std::apply(
        [&](const auto&... stream) {
          std::size_t i = 0;
          ((i++ == current_ ? f(*stream) : void()), ...);
        },
        streams_);
  }

  std::tuple<stream_of<Ls>...> streams_;
  std::vector<BatchCount> limits_;
  std::size_t current_ = 0;
};

/// Several loaders of different types.
template <class T>
inline constexpr bool is_loader_tuple = false;
template <Loader... Ls>
inline constexpr bool is_loader_tuple<std::tuple<Ls...>> = sizeof...(Ls) > 0;

namespace detail {

// A loader that was returned by reference stays where it is.
template <class T>
auto held_loader(T&& loader) {
  using L = std::remove_cvref_t<T>;
  if constexpr (std::is_lvalue_reference_v<T> && RepeatableRange<L> && !is_loader_list<L>) {
    return LoaderRef<L>(loader);
  } else {
    return L(std::forward<T>(loader));
  }
}

template <class L>
concept KeepsLastBatch =
    std::copy_constructible<L> && requires(L& loader) { loader.keep_last_batch(); };

// Predictions are made for every sample: a loader's drop_last does not count. The user's own loader
// stays as it is. Source: Lightning, trainer/connectors/data_connector.py.
template <class T>
auto held_predict_loader(T&& loader) {
  using L = std::remove_cvref_t<T>;
  if constexpr (KeepsLastBatch<L>) {
    L held(std::forward<T>(loader));
    held.keep_last_batch();
    return held;
  } else if constexpr (is_loader_list<L>) {
    L held(std::forward<T>(loader));
    if constexpr (KeepsLastBatch<typename L::value_type>) {
      for (auto& item : held) {
        item.keep_last_batch();
      }
    }
    return held;
  } else {
    return held_loader(std::forward<T>(loader));
  }
}

template <class T>
struct EvalSource {
  using type = BatchStream<T>;
};
template <class L>
struct EvalSource<std::vector<L>> {
  using type =
      std::conditional_t<is_loader_list<std::vector<L>>, SequentialSource<L>, BatchStream<std::vector<L>>>;
};
template <class... Ls>
struct EvalSource<std::tuple<Ls...>> {
  using type = SequentialTupleSource<Ls...>;
};
template <class Structure>
struct EvalSource<CombinedLoader<Sequential, Structure>> : EvalSource<Structure> {};

// Several training loaders are read side by side, shorter ones again.
template <class T>
auto as_train_loader(T loader) {
  if constexpr (is_loader_list<T> || is_loader_tuple<T>) {
    return CombinedLoader<MaxSizeCycle, T>(std::move(loader));
  } else {
    return loader;
  }
}

}  // namespace detail

}  // namespace lt
