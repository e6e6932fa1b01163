// SPDX-License-Identifier: Apache-2.0
// What a model and its data must have to be tuned, checked while compiling.
#pragma once

#include "lt/core/mistake.hpp"
#include "lt/tuner/attribute.hpp"

namespace lt {

namespace detail {

template <class Model, class Data, bool Has>
struct RateThatCanBeSet {
  static_assert(
      Has,
      "lt[E760] lr_find sets the learning rate that it finds, but neither the model nor "
      "the data module has one that can be set; Fix: give the model a public member "
      "`double lr`, or beside `const Options& hparams() const` also `Options& hparams()` "
      "with a reflected field lr or learning_rate; or call lr_find_by_name, which looks for "
      "another name when it runs, or lr_curve, which sets nothing");
};
template <class Model, class Data, bool Has>
struct SizeThatCanBeSet {
  static_assert(
      Has,
      "lt[E761] scale_batch_size sets the batch size that it finds, but neither the data "
      "module nor the model has one that can be set; Fix: give one of them a public member "
      "`std::int64_t batch_size`, or beside `const Options& hparams() const` also "
      "`Options& hparams()` with a reflected field batch_size; or call "
      "scale_batch_size_by_name, which looks for another name when it runs");
};
template <class Data, bool Makes>
struct LoadersOnRequest {
  static_assert(Makes,
                "lt[E762] scale_batch_size needs loaders that it can ask for with another batch "
                "size, but these were given directly; Fix: write a data module, whose "
                "train_dataloader makes one with its batch_size");
};
template <class Strategy, bool Single>
struct OneProcess {
  static_assert(
      Single,
      "lt[E763] scale_batch_size does not work with a strategy of several processes; Fix: "
      "tune with lt::strategy::SingleDevice");
};

}  // namespace detail

/// Whether `lr_find` has a learning rate to set.
template <class Model, class Data>
using rate_check = check_that<has_attribute<RateAttribute, Model, Data>,
                              detail::RateThatCanBeSet<Model, Data, false>>;

/// Whether loaders are made on request, in one process.
template <class Data, class Strategy>
using loaders_check = first_mistake<
    check_that<!Strategy::is_distributed, detail::OneProcess<Strategy, false>>,
    check_that<!requires { typename Data::loaders_only; }, detail::LoadersOnRequest<Data, false>>>;

/// Whether `scale_batch_size` can work: with such loaders and a batch size that can be set.
template <class Model, class Data, class Strategy>
using size_check = first_mistake<loaders_check<Data, Strategy>,
                                 check_that<has_attribute<SizeAttribute, Model, Data>,
                                            detail::SizeThatCanBeSet<Model, Data, false>>>;

}  // namespace lt
