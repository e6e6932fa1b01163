// SPDX-License-Identifier: Apache-2.0
// Loaders that were given to fit, validate, test or predict directly.
#pragma once

#include "lt/core/loader.hpp"

#include <type_traits>
#include <utility>

namespace lt {

namespace detail {
/// Marks the constructors of Loaders that the trainer calls.
struct FromLoaders {};
}  // namespace detail

/// The data of a trainer that gets its loaders in the call: `fit(model, train)` and
/// `fit(model, train, val)`. It stands in the place of a data module and has the loader hooks alone.
template <class Train, class Val = void>
class Loaders {
 public:
  using loaders_only = void;  // no data module: nothing else is asked of it

  Loaders(Train train, Val val) : train_(std::move(train)), val_(std::move(val)) {}
  Loaders(detail::FromLoaders, Train train, Val val)
      : train_(std::move(train)), val_(std::move(val)) {}

  Train& train_dataloader() { return train_; }
  Val& val_dataloader() { return val_; }

 private:
  Train train_;
  Val val_;
};

/// A training loader alone.
template <class Train>
class Loaders<Train, void> {
 public:
  using loaders_only = void;

  explicit Loaders(Train train) : train_(std::move(train)) {}
  Loaders(detail::FromLoaders, Train train) : train_(std::move(train)) {}

  Train& train_dataloader() { return train_; }

 private:
  Train train_;
};

template <class Train>
Loaders(Train) -> Loaders<Train>;
template <class Train, class Val>
Loaders(Train, Val) -> Loaders<Train, Val>;

/// Data for evaluation and prediction alone: one loader, or a vector of loaders.
template <class L>
class EvalLoaders {
 public:
  using loaders_only = void;

  explicit EvalLoaders(L loader) : loader_(std::move(loader)) {}

  L& val_dataloader() { return loader_; }
  L& test_dataloader() { return loader_; }
  L& predict_dataloader() { return loader_; }

 private:
  L loader_;
};

}  // namespace lt
