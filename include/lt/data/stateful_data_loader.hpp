// SPDX-License-Identifier: Apache-2.0
// A loader whose position can be saved and restored.
#pragma once

#include "lt/core/reflect.hpp"
#include "lt/data/data_loader.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/rng.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace lt {

/// Where a loader is; both counts are 0 between passes.
struct DataLoaderState {
  std::int64_t samples_yielded = 0;  ///< samples of the batches handed out in this pass
  std::int64_t batches_yielded = 0;  ///< those batches
  std::int64_t epoch = 0;            ///< the number last given to `set_epoch`
  at::Tensor generator_state{};      ///< of the generator the pass draws from, when it began
};

/// A `DataLoader` that can go on in the middle of a pass: after `load_state_dict` the next pass
/// gives the batches that were still to come, in the same order, without reading the others. A
/// batch counts as handed out once it has been looked at, so a caller that looks one batch ahead
/// saves a position one batch further. The default generator is left as it was found: restoring it
/// is up to the run. Random draws inside a worker's transforms start anew.
template <class Base>
class StatefulDataLoader : public Base {
 public:
  using State = DataLoaderState;
  using batch_type = typename Base::batch_type;

  using Base::Base;
  explicit StatefulDataLoader(Base loader) : Base(std::move(loader)) {}

  class Pass {
   public:
    using batch_type = typename Base::batch_type;

    Pass(StatefulDataLoader& loader, typename Base::iterator it)
        : loader_(&loader), it_(std::move(it)) {}

    bool next(std::optional<batch_type>& batch) {
      batch.reset();
      if (started_) {
        ++it_;
      }
      started_ = true;
      if (it_ == std::default_sentinel) {
        loader_->rewind();
        return false;
      }
      batch.emplace(std::move(*it_));
      loader_->state_.samples_yielded = it_.pass().samples();
      ++loader_->state_.batches_yielded;
      return true;
    }

   private:
    StatefulDataLoader* loader_;
    typename Base::iterator it_;
    bool started_ = false;
  };

  using iterator = detail::LazyIterator<Pass>;

  iterator begin() {
    const bool resume = std::exchange(resume_, false);
    at::Generator generator = Base::generator().value_or(rng::default_generator());
    at::Tensor now = state_of(generator);
    if (!resume) {
      rewind();
      state_.generator_state = std::move(now);
      return wrap(Base::begin());
    }
    set_state_of(generator, state_.generator_state);
    auto it = Base::begin_after(state_.samples_yielded);
    if (!Base::generator()) {
      set_state_of(generator, now);
    }
    return wrap(std::move(it));
  }
  std::default_sentinel_t end() const { return {}; }

  void set_epoch(std::int64_t epoch) {
    state_.epoch = epoch;
    Base::set_epoch(epoch);
  }

  /// The same loader with another sampler.
  template <IndexSampler Other>
  auto with_sampler(Other other) const {
    using Changed = decltype(Base::with_sampler(std::move(other)));
    return StatefulDataLoader<Changed>(Base::with_sampler(std::move(other)));
  }
  auto with_sequential_sampler() const { return with_sampler(SequentialSampler{}); }

  /// The position now. After the last batch of a pass it is the beginning of the next.
  State state_dict() const {
    State state = state_;
    if (state.batches_yielded >= Base::size()) {
      state.samples_yielded = state.batches_yielded = 0;
    }
    return state;
  }

  /// The next `begin()` goes on at this position.
  /// Errors: `DataError` when the position is not inside a pass over this dataset, or has no
  /// generator state.
  void load_state_dict(const State& state) {
    if (state.samples_yielded < 0 || state.batches_yielded < 0 ||
        state.batches_yielded > Base::size()) {
      throw DataError("StatefulDataLoader: the saved position is batch " +
                      std::to_string(state.batches_yielded) + "; expected at most " +
                      std::to_string(Base::size()) + ", the batches of one pass");
    }
    if (state.samples_yielded > 0 && !state.generator_state.defined()) {
      throw DataError("StatefulDataLoader: the saved position has no generator state");
    }
    state_ = state;
    resume_ = state.samples_yielded > 0;
    Base::set_epoch(state.epoch);
  }

 private:
  iterator wrap(typename Base::iterator it) {
    return iterator(std::make_unique<Pass>(*this, std::move(it)));
  }

  void rewind() { state_.samples_yielded = state_.batches_yielded = 0; }

  static at::Tensor state_of(at::Generator& generator) {
    const std::lock_guard lock(generator.mutex());
    return at::Tensor(generator.get_state());
  }

  static void set_state_of(at::Generator& generator, const at::Tensor& state) {
    const std::lock_guard lock(generator.mutex());
    generator.set_state(state);
  }

  State state_;
  bool resume_ = false;
};

template <class Base>
StatefulDataLoader(Base) -> StatefulDataLoader<Base>;

}  // namespace lt

LT_REFLECT(lt::DataLoaderState, (samples_yielded, "samples handed out in this pass"),
           (batches_yielded, "batches handed out in this pass"),
           (epoch, "number last given to set_epoch"),
           (generator_state, "of the generator the pass draws from, when it began"))
