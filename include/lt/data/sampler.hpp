// SPDX-License-Identifier: Apache-2.0
// What a sampler is: which samples one pass over a dataset takes, and in which order.
#pragma once

#include <concepts>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lt {

/// Writes down a whole pass at once. Smallest legal member:
/// `struct Reverse { std::int64_t size(std::int64_t n) const { return n; }
///   void sample(std::int64_t n, std::vector<std::int64_t>& out); };`
/// where `n` is the dataset's size and `sample` appends the indices of one pass.
template <class S>
concept EagerSampler = requires(S& s, std::int64_t n, std::vector<std::int64_t>& out) {
  s.sample(n, out);
};

/// Gives a pass piece by piece, so that random numbers are drawn only when they are needed, as
/// Python's generators do: `index_pass(n).next(out)` appends some indices, false at the end.
template <class S>
concept LazySampler = requires(S& s, std::int64_t n, std::vector<std::int64_t>& out) {
  { s.index_pass(n).next(out) } -> std::same_as<bool>;
};

/// Chooses the samples of a pass over a dataset of `n` samples. `size(n)` is how many that are.
/// Samplers hold no dataset, so any of them can be given to any loader.
template <class S>
concept IndexSampler = (EagerSampler<S> || LazySampler<S>) && requires(const S& s, std::int64_t n) {
  { s.size(n) } -> std::convertible_to<std::int64_t>;
};

/// Chooses whole batches. `size(n)` is how many; `sample(n, out)` appends lists of indices to a
/// `std::vector<std::vector<std::int64_t>>`, or `batch_pass(n).next(out)` replaces `out` by the
/// next batch, false at the end.
template <class S>
concept BatchIndexSampler =
    (requires(S& s, std::int64_t n, std::vector<std::vector<std::int64_t>>& out) {
      s.sample(n, out);
    } || requires(S& s, std::int64_t n, std::vector<std::int64_t>& out) {
      { s.batch_pass(n).next(out) } -> std::same_as<bool>;
    }) && requires(const S& s, std::int64_t n) {
      { s.size(n) } -> std::convertible_to<std::int64_t>;
    };

/// Either form. Satisfied by the samplers of lt/data and types of your own.
template <class S>
concept Sampler = IndexSampler<S> || BatchIndexSampler<S>;

/// All samples in order.
struct SequentialSampler {
  std::int64_t size(std::int64_t n) const { return n; }

  void sample(std::int64_t n, std::vector<std::int64_t>& out) const {
    const auto old = out.size();
    out.resize(old + static_cast<std::size_t>(n));
    std::iota(out.begin() + static_cast<std::ptrdiff_t>(old), out.end(), std::int64_t{0});
  }

  bool is_sequential() const { return true; }
  bool is_shuffled() const { return false; }
};

namespace detail {

// A whole pass as one piece, drawn when it is first asked for.
template <class S>
class EagerPass {
 public:
  EagerPass(S& sampler, std::int64_t n) : sampler_(&sampler), n_(n) {}

  bool next(std::vector<std::int64_t>& out) {
    if (done_) {
      return false;
    }
    done_ = true;
    sampler_->sample(n_, out);
    return true;
  }

 private:
  S* sampler_;
  std::int64_t n_;
  bool done_ = false;
};

/// A pass of an index sampler of either form.
template <IndexSampler S>
auto index_pass(S& sampler, std::int64_t n) {
  if constexpr (LazySampler<S>) {
    return sampler.index_pass(n);
  } else {
    return EagerPass<S>(sampler, n);
  }
}

/// Whether a loader with this sampler takes the samples in order. A sampler that does not say is
/// taken to choose an order of its own.
template <class S>
bool is_sequential(const S& sampler) {
  if constexpr (requires { sampler.is_sequential(); }) {
    return sampler.is_sequential();
  }
  return false;
}

/// Whether the sampler is known to shuffle.
template <class S>
bool is_shuffled(const S& sampler) {
  if constexpr (requires { sampler.is_shuffled(); }) {
    return sampler.is_shuffled();
  }
  return false;
}

template <class S>
bool is_distributed(const S& sampler) {
  if constexpr (requires { sampler.is_distributed(); }) {
    return sampler.is_distributed();
  }
  return false;
}

template <class S>
void set_epoch(S& sampler, std::int64_t epoch) {
  if constexpr (requires { sampler.set_epoch(epoch); }) {
    sampler.set_epoch(epoch);
  }
}

// A sampler may refuse a dataset's size when the loader is made.
template <class S>
void validate_sampler(const S& sampler, std::int64_t n) {
  if constexpr (requires { sampler.validate(n); }) {
    sampler.validate(n);
  }
}

}  // namespace detail
}  // namespace lt
