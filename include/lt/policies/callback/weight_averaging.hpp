// SPDX-License-Identifier: Apache-2.0
// WeightAveraging: an average of the weights along the way, which validation and the end see.
#pragma once

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/reflect.hpp"
#include "lt/nn/averaged_weights.hpp"
#include "lt/policies/callback.hpp"
#include "lt/tensor.hpp"

#include <ATen/ops/scalar_tensor_ops.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lt {

/// Lightning's arguments of `WeightAveraging`.
struct WeightAveragingOptions {
  Text device{};
  bool use_buffers = true;
};

/// What averaging callbacks keep under their own key. (The averages themselves are in the
/// checkpoint's `state_dict`, the weights in training in `current_model_state`.)
struct WeightAveragingState {
  std::int64_t latest_update_step = 0;
};

}  // namespace lt

LT_REFLECT(lt::WeightAveragingOptions,
           (device, "where the average is kept; empty: where the model is"),
           (use_buffers, "average buffers too; if not, they are copied"))
LT_REFLECT(lt::WeightAveragingState, (latest_update_step, "optimizer steps at the last update"))

namespace lt {

namespace detail {
template <class Model>
struct NamedWeights {
  static_assert(NamedParameters<Model>,
                "lt[E601] averaging weights needs a model whose weights have names; Fix: derive "
                "the model from lt::nn::Module or torch::nn::Module");
};
}  // namespace detail

/// Base of the callbacks that average weights (CRTP). `Derived` has options with `device` and
/// `use_buffers`, a `name`, and
///   bool should_update(std::optional<std::int64_t> step_idx,
///                      std::optional<std::int64_t> epoch_idx) const
///   Tensor average(const Tensor& averaged, const Tensor& current, std::int64_t n) const
/// The first is asked after each optimizer step and each epoch, with one of the two (counted from
/// 0); the second gives the new average after `n` models.
/// Source: Lightning, callbacks/weight_averaging.py.
template <class Derived>
class BasicWeightAveraging {
 public:
  using State = WeightAveragingState;

  /// Models in the average; nothing before the first fit.
  std::optional<std::int64_t> n_averaged() const {
    return average_ ? std::optional(average_->n_averaged) : std::nullopt;
  }
  /// The average under the names of the model's weights; null before the first fit.
  checkpoint::Value average_state_dict() const {
    return average_ ? average_->state_dict() : checkpoint::Value();
  }

  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void setup(Ctx& ctx, RunFn stage) {
    if (stage != RunFn::fit) {
      return;
    }
    average_.reset();  // made once the model is complete
    if constexpr (declares<hook::configure_model, std::remove_cvref_t<decltype(ctx.model())>>) {
      // Lightning makes its copy here and has to complete the model for it.
      if (ctx.options().compat == Compat::lightning &&
          has_hook<hook::configure_model>(ctx.model())) {
        ctx.model().configure_model();
      }
    }
  }

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    static_cast<void>(detail::NamedWeights<std::remove_cvref_t<decltype(ctx.model())>>());
    if (!average_) {
      make_average(ctx);
    }
    average_->bind(ctx.model());
  }

  template <class Outputs, class Batch>
  void on_train_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    const std::int64_t step = run.global_step();
    if (step > latest_update_step_ && self().should_update(step - 1, std::nullopt)) {
      update();
      latest_update_step_ = step;
    }
  }
  void on_train_epoch_end(RunView& run) {
    const std::int64_t epoch = run.current_epoch();
    if (epoch > latest_update_epoch_ && self().should_update(std::nullopt, epoch)) {
      update();
      latest_update_epoch_ = epoch;
    }
  }
  void on_train_end(RunView&) { average_->copy_to_model(true); }

  template <class Ctx>
  void on_validation_epoch_start(Ctx& ctx) {
    swap(ctx);
  }
  template <class Ctx>
  void on_validation_epoch_end(Ctx& ctx) {
    swap(ctx);
  }

  void on_save_checkpoint(RunView& run, Checkpoint& checkpoint) {
    if (!average_) {
      run.messages().info("I600", text(Derived::name,
                                       ": a checkpoint outside fit holds the "
                                       "weights of the model and no average"));
      return;
    }
    checkpoint["current_model_state"] = checkpoint.at("state_dict");
    checkpoint["state_dict"] = average_->state_dict();
    checkpoint["averaging_state"] =
        checkpoint::Dict{{"n_averaged", whole_number(average_->n_averaged)}};
  }

  template <class Ctx>
  void on_load_checkpoint(Ctx& ctx, Checkpoint& checkpoint) {
    RunView& run = ctx;
    if (run.fn() != RunFn::fit) {
      run.messages().warn("W600", text(Derived::name,
                                       ": a checkpoint is loaded outside fit; the "
                                       "average goes into the model, its state is not restored"));
      return;
    }
    make_average(ctx);
    const checkpoint::Value* current = checkpoint.find("current_model_state");
    const checkpoint::Value* averaging = checkpoint.find("averaging_state");
    if (current == nullptr || averaging == nullptr) {
      run.messages().warn("W601", text("the checkpoint was not made with ", Derived::name,
                                       ": the average starts from its weights"));
      average_->load_state_dict(checkpoint.at("state_dict"), false);
      return;
    }
    average_->load_state_dict(checkpoint.at("state_dict"));
    average_->n_averaged = averaging->get<Tensor>("n_averaged").item().toLong();
    load_module_state(ctx.model(), *current);
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const { return std::string(Derived::name); }
  State state_dict() const { return {latest_update_step_}; }
  void load_state_dict(const State& state) { latest_update_step_ = state.latest_update_step; }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }

  static Tensor whole_number(std::int64_t value) {
    return at::_ops::scalar_tensor::call(value, at::kLong, std::nullopt, std::nullopt,
                                         std::nullopt);
  }

  template <class Ctx>
  void make_average(Ctx& ctx) {
    static_cast<void>(detail::NamedWeights<std::remove_cvref_t<decltype(ctx.model())>>());
    average_.emplace(ctx.model(), device_of(self().options().device));
  }
  void update() {
    using Buffers = AveragedWeights::Buffers;
    average_->update([&](const Tensor& averaged, const Tensor& current,
                         std::int64_t n) { return self().average(averaged, current, n); },
                     self().options().use_buffers ? Buffers::average : Buffers::copy);
  }
  template <class Ctx>
  void swap(Ctx& ctx) {
    if (average_) {
      average_->bind(ctx.model());
      average_->swap();
    }
  }

  std::optional<AveragedWeights> average_;
  std::int64_t latest_update_step_ = 0;
  std::int64_t latest_update_epoch_ = -1;
};

/// The mean of the weights after every optimizer step. Validation runs on the average, a
/// checkpoint's `state_dict` holds it, and the model has it when training ends.
class WeightAveraging : public BasicWeightAveraging<WeightAveraging> {
 public:
  using Options = WeightAveragingOptions;
  static constexpr std::string_view name = "WeightAveraging";

  WeightAveraging() = default;
  explicit WeightAveraging(Options options) : options_(std::move(options)) {}

  const Options& options() const { return options_; }

  bool should_update(std::optional<std::int64_t> step_idx, std::optional<std::int64_t>) const {
    return step_idx.has_value();
  }
  Tensor average(const Tensor& averaged, const Tensor& current, std::int64_t n) const {
    return averaged.add(current.sub(averaged).div(n + 1));
  }

 private:
  Options options_;
};

}  // namespace lt
