// SPDX-License-Identifier: Apache-2.0
// The door for programs written with LibTorch alone: torch::optim optimizers with their state in
// checkpoints, and torch::data loaders. It costs what <torch/torch.h> costs; code that uses
// lt::optim and lt's loaders does not need it.
#pragma once

#include "lt/lt.hpp"

#include <torch/torch.h>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace lt {

/// LBFGS evaluates its loss several times in a step.
template <>
inline constexpr bool torch_requires_closure<torch::optim::LBFGS> = true;

namespace checkpoint {

/// A torch::optim optimizer is kept as the bytes that torch::save writes.
template <class O>
  requires std::derived_from<O, torch::optim::Optimizer>
struct ConvertOptimizer<O> {
  static Value to(const O& optimizer) {
    torch::serialize::OutputArchive archive;
    optimizer.save(archive);
    std::ostringstream stream;
    archive.save_to(stream);
    return Dict{{"torch_archive", Bytes{stream.str()}}};
  }
  static void from(const Value& saved, O& optimizer) {
    std::istringstream stream(saved.at("torch_archive").template as<Bytes>().data);
    torch::serialize::InputArchive archive;
    archive.load_from(stream);
    optimizer.load(archive);
  }
};

}  // namespace checkpoint

/// A torch::data loader as a loader of `lt`: `lt::from_torch(*loader)`. The loader must outlive it.
/// It yields what the loader yields; its length is not known, as LibTorch does not say it.
template <class L>
class TorchLoader {
  using Inner = decltype(std::declval<L&>().begin());

 public:
  using lt_loader = void;

  explicit TorchLoader(L& loader) : loader_(&loader) {}

  /// LibTorch's iterator with the members that C++20 asks of iterators.
  class iterator {
   public:
    using value_type = typename Inner::value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator(Inner it, Inner end) : it_(std::move(it)), end_(std::move(end)) {}

    value_type& operator*() const { return *it_; }
    iterator& operator++() {
      ++it_;
      return *this;
    }
    void operator++(int) { ++it_; }
    bool operator==(std::default_sentinel_t) const { return it_ == end_; }

   private:
    mutable Inner it_;
    Inner end_;
  };

  iterator begin() const { return {loader_->begin(), loader_->end()}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  L* loader_;
};

/// `lt::from_torch(*torch::data::make_data_loader(...))`.
template <class L>
TorchLoader<L> from_torch(L& loader) {
  return TorchLoader<L>(loader);
}

}  // namespace lt
