// SPDX-License-Identifier: Apache-2.0
// The data half of the trainer's engine: asking for loaders, limits, batch hooks, transfer.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hook_dispatch.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/limits.hpp"
#include "lt/data/batch_size.hpp"
#include "lt/data/sampler.hpp"
#include "lt/loops/engine.hpp"
#include "lt/metrics/metric_store.hpp"
#include "lt/trainer/batch_source.hpp"
#include "lt/trainer/distribute.hpp"
#include "lt/trainer/hook_scope.hpp"
#include "lt/trainer/types.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// The batch size that a logged mean is weighted with: that of the first tensor in the batch.
template <class Batch>
BatchSize find_batch_size(const Batch& batch, BatchSizeQuery) {
  return batch_size_of(batch);
}

/// Mixin of the trainer's engine.
template <class Engine, class Types>
class DataCalls {
 public:
  /// True when somebody offers loader `H`: the data module or the model.
  template <class H>
  bool offers() {
    return self().template data_has<H>() || self().template model_has<H>();
  }

  /// Asks for the training loader; the number of batches in an epoch.
  BatchCount load_train_data() {
    check_offered<hook::train_dataloader>();
    train_.emplace(detail::as_train_loader(
        detail::held_loader(request<hook::train_dataloader>())));
    if (self().options().overfit_batches.is_zero() == false) {
      make_sequential(train_->loader(), "training");
    }
    share_out<true>(train_->loader());
    if constexpr (requires { train_->loader().check_for_training(); }) {
      train_->loader().check_for_training();
    }
    apply_limits(*train_, self().options().limit_train_batches, "limit_train_batches");
    if constexpr (is_distributed<Engine>()) {
      self().fabric().strategy().agree("the number of training batches",
                                       text("batches = ", train_->length()));
    }
    self().restore_position();
    train_->restart(0);
    return train_->length();
  }
  auto& train_source() { return *train_; }
  bool train_loaded() const { return train_.has_value(); }
  /// Calls `f(loader)` if there is a training loader that keeps its position.
  template <class F>
  void with_stateful_loader(F&& f) {
    if constexpr (Types::has_train) {
      using L = typename Types::TrainSource::loader_type;
      if constexpr (requires(L& loader) { loader.load_state_dict(loader.state_dict()); }) {
        if (train_) {
          f(train_->loader());
        }
      }
    }
  }
  /// For a loader that was made before the checkpoint was read: starts it again where it was.
  void reposition_train_source() {
    with_stateful_loader([&](auto&) {
      self().restore_position();
      train_->restart(0);
    });
  }

  template <Evaluation Kind>
  void load_eval_data() {
    auto& slot = eval_slot<Kind>();
    if constexpr (Kind == Evaluation::test) {
      check_offered<hook::test_dataloader>();
      auto held = detail::held_loader(request<hook::test_dataloader>());
      share_out<false>(held);
      slot.emplace(std::move(held));
      apply_limits(*slot, self().options().limit_test_batches, "limit_test_batches");
    } else {
      check_offered<hook::val_dataloader>();
      auto held = detail::held_loader(request<hook::val_dataloader>());
      share_out<false>(held);
      slot.emplace(std::move(held));
      apply_limits(*slot, self().options().limit_val_batches, "limit_val_batches");
      if constexpr (Kind == Evaluation::fit_validation) {
        self().state().plan.num_val_batches = slot->max_batches();
      }
    }
  }
  template <Evaluation Kind>
  auto& eval_source() {
    return *eval_slot<Kind>();
  }

  void load_predict_data() {
    check_offered<hook::predict_dataloader>();
    auto held = detail::held_predict_loader(request<hook::predict_dataloader>());
    share_out<false>(held);
    predict_.emplace(std::move(held));
    apply_limits(*predict_, self().options().limit_predict_batches, "limit_predict_batches");
  }
  auto& predict_source() { return *predict_; }

  /// Sends a batch through the batch hooks and to the device. Where nothing changes it, it stays
  /// where it is.
  template <class Batch>
  const Batch& transfer(const Batch& batch, std::int64_t loader) {
    using Fabric = std::remove_cvref_t<decltype(self().fabric())>;
    constexpr bool plain = Fabric::accelerator_type::is_host && !has_batch_hooks<Batch>() &&
                           !Fabric::precision_type::converts_batches;
    if constexpr (plain) {
      return batch;
    } else {
      [[maybe_unused]] const auto measured = self().measure_transfer();
      std::optional<Batch>& slot = held_batch<Batch>();
      slot.emplace(batch);
      if constexpr (Fabric::precision_type::converts_batches) {
        self().fabric().precision().convert_input(*slot);
      }
      batch_hook<hook::on_before_batch_transfer>(*slot, loader);
      if (!batch_hook<hook::transfer_batch_to_device>(*slot, self().fabric().device(), loader)) {
        *slot = self().fabric().to_device(std::move(*slot));
      }
      batch_hook<hook::on_after_batch_transfer>(*slot, loader);
      return *slot;
    }
  }

  /// The batch that was moved last, if there is one of the type of training batches.
  auto* held_train_batch() {
    auto& held = held_batch<typename Types::TrainBatch>();
    return held ? &*held : nullptr;
  }

  /// Forgets the loaders; the workers of the old ones end.
  void drop_loaders() {
    train_.reset();
    val_.reset();
    validate_.reset();
    test_.reset();
    predict_.reset();
  }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  template <class T>
  using Slot = std::optional<std::conditional_t<std::is_same_v<T, Absent>, Absent, T>>;

  template <Evaluation Kind>
  auto& eval_slot() {
    if constexpr (Kind == Evaluation::fit_validation) {
      return val_;
    } else if constexpr (Kind == Evaluation::validate) {
      return validate_;
    } else {
      return test_;
    }
  }

  // A data module that offers the loader goes before the model.
  template <class H>
  decltype(auto) request() {
    using Data = std::remove_cvref_t<decltype(self().data())>;
    using Model = std::remove_cvref_t<decltype(self().model())>;
    const HookScope scope(self().metrics(), H::id);
    if constexpr (declares<H, Data> && declares<H, Model>) {
      static_assert(std::same_as<decltype(H::call(self().data())), decltype(H::call(self().model()))>,
                    "lt[E115] model and data module offer loaders of different types");
      return self().template data_has<H>() ? H::call(self().data()) : H::call(self().model());
    } else if constexpr (declares<H, Data>) {
      return H::call(self().data());
    } else {
      return H::call(self().model());
    }
  }

  template <class H>
  void check_offered() {
    if (!offers<H>()) {
      throw ConfigError(text("lt[E116] there is no ", hook_info(H::id).name,
                             ": neither the data module nor the model offers it"));
    }
  }

  // Asked where the engine is complete.
  template <class E>
  static constexpr bool is_distributed() {
    using Fabric = std::remove_cvref_t<decltype(std::declval<E&>().fabric())>;
    return Fabric::strategy_type::is_distributed;
  }

  /// Gives each rank its share of the samples, as Lightning does: padded to equal numbers in
  /// training and evaluation, each sample once in prediction.
  template <bool Train, class L>
  void share_out([[maybe_unused]] L& loader) {
    if constexpr (is_distributed<Engine>()) {
      if (!self().options().use_distributed_sampler || self().fabric().world_size() == 1) {
        return;
      }
      const bool predicts = self().state().stage == Stage::predict;
      const bool pad = Train || (!predicts && self().fabric().strategy().pads_evaluation());
      distribute(loader,
                 {.num_replicas = self().fabric().world_size(),
                  .rank = self().fabric().global_rank(),
                  .shuffle = Train,
                  .seed = global_seed(),
                  .pad = pad},
                 [&](std::string_view type) {
                   self().messages().warn(
                       "W051", text("each rank reads all samples of ", type, ", which has an order "
                                    "of its own; give it a DistributedSampler or a "
                                    "DistributedSamplerWrapper"));
                 });
    }
  }

  template <class Source>
  void apply_limits(Source& source, BatchLimit limit, std::string_view option) {
    std::vector<BatchCount> limits;
    for (BatchCount size : source.sizes()) {
      limits.push_back(apply_limit(size, limit, option));
    }
    if (option != "limit_train_batches") {
      self().context().eval_batches = limits;
    }
    source.set_limits(std::move(limits));
  }

  template <class L>
  void make_sequential(L& loader, std::string_view what) {
    if constexpr (requires { loader.get(); }) {
      make_sequential(loader.get(), what);
    } else if constexpr (requires { loader.is_shuffled(); loader.set_sampler(SequentialSampler{}); }) {
      if (loader.is_shuffled()) {
        self().messages().warn("W027", text("overfit_batches: the ", what,
                                            " loader shuffles; it is read in order instead"));
        loader.set_sampler(SequentialSampler{});
      }
    }
  }

  template <class Batch>
  static constexpr bool has_batch_hooks() {
    using Data = std::remove_cvref_t<decltype(std::declval<Engine&>().data())>;
    using Model = std::remove_cvref_t<decltype(std::declval<Engine&>().model())>;
    return declares<hook::on_before_batch_transfer, Data> ||
           declares<hook::on_before_batch_transfer, Model> ||
           declares<hook::transfer_batch_to_device, Data> ||
           declares<hook::transfer_batch_to_device, Model> ||
           declares<hook::on_after_batch_transfer, Data> ||
           declares<hook::on_after_batch_transfer, Model>;
  }

  // The data module's hook goes before the model's; true if there was one.
  template <class H, class Batch, class... Args>
  bool batch_hook(Batch& batch, Args... args) {
    using Data = std::remove_cvref_t<decltype(self().data())>;
    using Model = std::remove_cvref_t<decltype(self().model())>;
    const HookScope scope(self().metrics(), H::id);
    if constexpr (declares<H, Data>) {
      if (self().template data_has<H>()) {
        batch = invoke_model_hook<H>(self().data(), std::move(batch), std::move(args)...);
        return true;
      }
    }
    if constexpr (declares<H, Model>) {
      if (self().template model_has<H>()) {
        batch = invoke_model_hook<H>(self().model(), std::move(batch), std::move(args)...);
        return true;
      }
    }
    return false;
  }

  // One place for each type of batch.
  template <class Batch>
  std::optional<Batch>& held_batch() {
    return std::get<std::optional<Batch>>(held_);
  }

  template <class... Bs>
  struct Unique;
  template <class... Done>
  struct Unique<std::tuple<Done...>> {
    using type = std::tuple<Done...>;
  };
  template <class... Done, class B, class... Bs>
  struct Unique<std::tuple<Done...>, B, Bs...>
      : std::conditional_t<(std::is_same_v<std::optional<B>, Done> || ...),
                           Unique<std::tuple<Done...>, Bs...>,
                           Unique<std::tuple<Done..., std::optional<B>>, Bs...>> {};

  Slot<typename Types::TrainSource> train_;
  Slot<typename Types::ValSource> val_;
  Slot<typename Types::ValSource> validate_;
  Slot<typename Types::TestSource> test_;
  Slot<typename Types::PredictSource> predict_;
  typename Unique<std::tuple<>, typename Types::TrainBatch, typename Types::ValBatch,
                  typename Types::TestBatch, typename Types::PredictBatch>::type held_;
};

}  // namespace lt
