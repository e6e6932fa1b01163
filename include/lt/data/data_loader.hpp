// SPDX-License-Identifier: Apache-2.0
// Batches from a dataset.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/batch_sampler.hpp"
#include "lt/data/data_loader_options.hpp"
#include "lt/data/default_sampler.hpp"
#include "lt/data/fetcher.hpp"
#include "lt/data/lazy_iterator.hpp"
#include "lt/data/rng.hpp"
#include "lt/data/worker_pool.hpp"

#include <concepts>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lt {

/// Batches of a dataset's samples, in the order its sampler chooses, loaded by the caller or by
/// background threads. Given the same seed the batches are those of Python's
/// `torch.utils.data.DataLoader`, and so are the draws from the default generator: one base seed
/// when a pass begins, then the sampler's when the first batch is asked for (with workers: when
/// the pass begins). A new pass begins at each `begin()`; a batch is loaded when it is first
/// looked at.
/// With workers, their number changes nothing but the speed, except for random transforms, which
/// draw from `lt::rng::current_generator()`.
/// The loader must not be moved while an iterator of it lives. Copies share the dataset.
/// Errors: `ConfigError` for options that cannot work; `DataError` for a dataset that the sampler
/// cannot use, and for what a worker threw (the original is nested in it); without workers an
/// error of the dataset passes through as it is.
template <Dataset D, Sampler S = DefaultSampler, class C = DefaultCollate>
class DataLoader {
  using Fetch = detail::Fetcher<D, C>;
  struct Job {
    std::vector<std::int64_t> indices;
    typename Fetch::Buffer samples;
  };

 public:
  using lt_loader = void;
  using batch_type = detail::fetched_batch<D, C>;
  class Pass;
  using iterator = detail::LazyIterator<Pass>;

  /// A loader with the sampler that `options.shuffle` asks for.
  explicit DataLoader(D dataset, DataLoaderOptions options = {}, C collate = {})
    requires std::same_as<S, DefaultSampler>
      : DataLoader(detail::share(std::move(dataset)), std::move(options), std::move(collate)) {}

  /// The same over a dataset that others use too.
  explicit DataLoader(std::shared_ptr<D> dataset, DataLoaderOptions options = {}, C collate = {})
    requires std::same_as<S, DefaultSampler>
      : fetch_(share_fetch(std::move(dataset), std::move(collate))),
        options_(std::move(options)),
        generator_(rng::choose_generator(options_.seed, options_.generator)) {
    if (options_.shuffle) {
      sampler_ = RandomSampler({.generator = generator_});
    }
    check();
  }

  /// A loader with a sampler of its own.
  DataLoader(D dataset, S sampler, DataLoaderOptions options = {}, C collate = {})
    requires(!std::same_as<S, DefaultSampler>)
      : DataLoader(share_fetch(detail::share(std::move(dataset)), std::move(collate)),
                   std::move(sampler), std::move(options)) {
    if (options_.shuffle) {
      throw ConfigError("DataLoader: shuffle is true although a sampler is given; expected one "
                        "of them");
    }
    if (BatchIndexSampler<S> && (options_.batch_size != 1 || options_.drop_last)) {
      throw ConfigError("DataLoader: batch_size is " + std::to_string(options_.batch_size) +
                        " although the sampler makes the batches; expected neither batch_size "
                        "nor drop_last");
    }
  }

  iterator begin() { return begin_after(0); }

  std::default_sentinel_t end() const { return {}; }

  /// A pass that leaves out its first `samples` samples: they are drawn but not read.
  iterator begin_after(std::int64_t samples) {
    return iterator(std::make_unique<Pass>(*this, samples));
  }

  /// Batches per pass.
  std::int64_t size() const {
    const std::int64_t chosen = sampler_.size(dataset().size());
    return BatchIndexSampler<S> ? chosen : detail::batch_count(chosen, batching());
  }

  D& dataset() const { return *fetch_->dataset; }
  const S& sampler() const { return sampler_; }
  const DataLoaderOptions& options() const { return options_; }
  std::int64_t batch_size() const { return options_.batch_size; }

  /// The generator given by `seed` or `generator`; nothing: the default one is used.
  const std::optional<at::Generator>& generator() const { return generator_; }

  /// Tells the sampler the epoch, if it wants to know.
  void set_epoch(std::int64_t epoch) { detail::set_epoch(sampler_, epoch); }

  bool is_shuffled() const { return detail::is_shuffled(sampler_); }
  bool is_sequential() const { return detail::is_sequential(sampler_); }
  bool is_distributed() const { return detail::is_distributed(sampler_); }

  /// Puts in another sampler for the passes to come.
  void set_sampler(S sampler) {
    detail::validate_sampler(sampler, dataset().size());
    sampler_ = std::move(sampler);
    options_.shuffle = false;
  }

  /// From now on the last batch of a pass is kept, though it may not be full. (A batch sampler
  /// decides that itself.)
  void keep_last_batch() { options_.drop_last = false; }

  /// The same loader with another sampler. A batch sampler is kept around the new one if it has
  /// `with_sampler`, as `BatchSampler` does.
  template <IndexSampler Other>
  auto with_sampler(Other other) const {
    if constexpr (BatchIndexSampler<S>) {
      static_assert(requires { sampler_.with_sampler(std::move(other)); },
                    "this batch sampler cannot be given another sampler; Fix: give it a member "
                    "with_sampler(sampler)");
      return with(sampler_.with_sampler(std::move(other)));
    } else {
      return with(std::move(other));
    }
  }

  /// The same loader, in order: what `overfit_batches` wants.
  auto with_sequential_sampler() const { return with_sampler(SequentialSampler{}); }

 private:
  template <Dataset, Sampler, class>
  friend class DataLoader;

  DataLoader(std::shared_ptr<const Fetch> fetch, S sampler, DataLoaderOptions options)
      : fetch_(std::move(fetch)),
        sampler_(std::move(sampler)),
        options_(std::move(options)),
        generator_(rng::choose_generator(options_.seed, options_.generator)) {
    check();
  }

  static std::shared_ptr<const Fetch> share_fetch(std::shared_ptr<D> dataset, C collate) {
    return std::make_shared<const Fetch>(Fetch{std::move(dataset), std::move(collate)});
  }

  template <Sampler Other>
  auto with(Other other) const {
    DataLoaderOptions options = options_;
    options.shuffle = false;
    return DataLoader<D, Other, C>(fetch_, std::move(other), std::move(options));
  }

  void check() const {
    detail::validate(options_);
    detail::validate_sampler(sampler_, dataset().size());
  }

  BatchSamplerOptions batching() const { return {options_.batch_size, options_.drop_last}; }

  // Threads that outlive a pass; a copy of the loader starts its own.
  struct Persistent {
    Persistent() = default;
    Persistent(const Persistent&) {}
    Persistent(Persistent&&) = default;
    Persistent& operator=(const Persistent&) {
      pool.reset();
      return *this;
    }
    Persistent& operator=(Persistent&&) = default;
    ~Persistent() = default;

    std::unique_ptr<WorkerPool<Job, batch_type>> pool;
  };

  std::shared_ptr<const Fetch> fetch_;
  S sampler_;
  DataLoaderOptions options_;
  std::optional<at::Generator> generator_;
  Persistent persistent_;
};

/// One walk over the loader's batches.
template <Dataset D, Sampler S, class C>
class DataLoader<D, S, C>::Pass {
 public:
  using batch_type = DataLoader::batch_type;

  Pass(DataLoader& loader, std::int64_t skip)
      : loader_(&loader),
        indices_(detail::batch_pass(loader.sampler_, loader.dataset().size(),
                                    loader.batching())) {
    const DataLoaderOptions& options = loader.options_;
    const bool kept = options.persistent_workers && loader.persistent_.pool;
    // Python draws the base seed even when there is no worker to use it, but not again for
    // workers that are kept.
    const std::int64_t base_seed = kept ? 0 : rng::draw_seed(loader.generator_);
    skip_samples(skip);
    if (options.num_workers > 0) {
      if (kept) {
        pool_ = loader.persistent_.pool.get();
        pool_->cancel();
      } else {
        auto pool = std::make_unique<WorkerPool<Job, batch_type>>(
            options.num_workers, options.num_workers * options.prefetch_factor, base_seed,
            [fetch = loader.fetch_](std::int64_t, Job& job) {
              return std::optional<batch_type>((*fetch)(job.indices, job.samples));
            });
        pool_ = pool.get();
        (options.persistent_workers ? loader.persistent_.pool : own_pool_) = std::move(pool);
      }
      submit_all();
    }
  }

  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  ~Pass() {
    if (pool_ != nullptr && !own_pool_) {
      pool_->cancel();
    }
  }

  /// Loads the next batch into `batch`; false at the end.
  bool next(std::optional<batch_type>& batch) {
    batch.reset();  // its memory can serve the next one
    if (pool_ != nullptr) {
      return next_of_pool(batch);
    }
    if (!indices_.next(job_.indices)) {
      return false;
    }
    samples_ += std::ssize(job_.indices);
    batch.emplace((*loader_->fetch_)(job_.indices, job_.samples));
    return true;
  }

  /// Samples handed out in this pass so far, those left out at its beginning included.
  std::int64_t samples() const { return samples_; }

  /// The samples of the current batch, as indices into the dataset.
  const std::vector<std::int64_t>& indices() const { return job_.indices; }

 private:
  using Indices = decltype(detail::batch_pass(std::declval<S&>(), 0, BatchSamplerOptions{}));

  void skip_samples(std::int64_t count) {
    if constexpr (requires { indices_.skip(count); }) {
      if (count > 0) {
        indices_.skip(count);
      }
      samples_ = count;
    } else {
      while (samples_ < count && indices_.next(job_.indices)) {
        samples_ += std::ssize(job_.indices);
      }
    }
  }

  void submit_all() {
    while (!exhausted_ && !pool_->full()) {
      Job& job = pool_->next_job();
      exhausted_ = !indices_.next(job.indices);
      if (!exhausted_) {
        pool_->submit();
      }
    }
  }

  bool next_of_pool(std::optional<batch_type>& batch) {
    if (pool_->idle()) {
      return false;
    }
    const std::int64_t number = pool_->next_taken();
    job_.indices = pool_->oldest_job().indices;
    samples_ += std::ssize(job_.indices);
    try {
      batch = pool_->take();
    } catch (const std::exception& error) {
      fail(number, error.what());
    } catch (...) {
      fail(number, "not a std::exception");
    }
    submit_all();
    return true;
  }

  // Called in a handler, so that the original is nested. The pass can go on behind the batch.
  [[noreturn]] void fail(std::int64_t number, const char* what) {
    submit_all();
    std::throw_with_nested(DataError(
        "DataLoader: worker " + std::to_string(number % pool_->workers()) + " of " +
        std::to_string(pool_->workers()) + " failed at batch " + std::to_string(number) + ": " +
        what));
  }

  DataLoader* loader_;
  Indices indices_;
  Job job_;  // of the current batch
  std::int64_t samples_ = 0;
  WorkerPool<Job, batch_type>* pool_ = nullptr;
  std::unique_ptr<WorkerPool<Job, batch_type>> own_pool_;
  bool exhausted_ = false;
};

}  // namespace lt
