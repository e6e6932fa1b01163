// SPDX-License-Identifier: Apache-2.0
// BackboneFinetuning: trains the head of a model first, then its backbone too. A door of its own,
// see finetuning.hpp.
#pragma once

#include "lt/core/check.hpp"
#include "lt/policies/callback/finetuning.hpp"

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's arguments of `BackboneFinetuning`, but for the function of the rate, which the
/// constructor takes.
struct BackboneFinetuningOptions {
  std::int64_t unfreeze_backbone_at_epoch = 10;
  double backbone_initial_ratio_lr = 0.1;
  std::optional<double> backbone_initial_lr{};
  bool should_align = true;
  double initial_denom_lr = 10.0;
  bool train_bn = true;
  bool verbose = false;
  std::int64_t rounding = 12;
};

/// What BackboneFinetuning keeps in checkpoints.
struct BackboneFinetuningState {
  checkpoint::Value internal_optimizer_metadata{};
  std::optional<double> previous_backbone_lr{};
};

}  // namespace lt

LT_REFLECT(lt::BackboneFinetuningOptions,
           (unfreeze_backbone_at_epoch,
            "epoch, counted from 0, from which the backbone is trained"),
           (backbone_initial_ratio_lr, "its first learning rate as a part of the head's"),
           (backbone_initial_lr, "its first learning rate, if not by that ratio"),
           (should_align, "never let it exceed the head's"),
           (initial_denom_lr, "divisor of the head's rate where no other is given"),
           (train_bn, "train batch normalization of the backbone"),
           (verbose, "say the rates at every epoch"),
           (rounding, "decimals of the rates that are said"))
LT_REFLECT(lt::BackboneFinetuningState,
           (internal_optimizer_metadata, "parameter groups of each optimizer by names"),
           (previous_backbone_lr, "the backbone's last learning rate"))

LT_CHECKS(lt::BackboneFinetuningOptions,
          LT_CHECK(E622, unfreeze_backbone_at_epoch, o.unfreeze_backbone_at_epoch >= 0,
                   "must be 0 or more"),
          LT_CHECK(E623, initial_denom_lr, o.initial_denom_lr > 0.0, "must be above 0"))

namespace lt {

/// Freezes the submodule `backbone` of the model, and from some epoch on trains it as one more
/// parameter group whose learning rate grows until it is the head's. The optimizer is made for the
/// other parameters only.
///
/// Errors: lt::ConfigError for a model without a registered module `backbone`.
/// Source: Lightning, callbacks/finetuning.py, BackboneFinetuning.
class BackboneFinetuning : public BaseFinetuning<BackboneFinetuning> {
 public:
  using Options = BackboneFinetuningOptions;
  using State = BackboneFinetuningState;
  /// By what the backbone's rate is multiplied at the start of an epoch. Type-erased: it is called
  /// once per epoch.
  using Factor = std::function<double(std::int64_t epoch)>;
  static constexpr std::string_view name = "BackboneFinetuning";

  BackboneFinetuning() : BackboneFinetuning(Options{}) {}
  explicit BackboneFinetuning(
      Options options, Factor lambda_func = [](std::int64_t) { return 2.0; })
      : options_(options), lambda_func_(std::move(lambda_func)) {
    validate(options_, name);
  }

  const Options& options() const { return options_; }
  /// The backbone's last learning rate; nothing while it is frozen.
  std::optional<double> previous_backbone_lr() const { return previous_backbone_lr_; }

  // -- what the base asks for -------------------------------------------------------------------

  void freeze_before_training(torch::nn::Module& model) { freeze(backbone_of(model)); }

  template <class Ctx, class O>
  void finetune_function(Ctx& ctx, std::int64_t epoch, O& optimizer) {
    const double current_lr = optim_rates(optimizer, 0).lr;
    if (epoch == options_.unfreeze_backbone_at_epoch) {
      const double lr =
          options_.backbone_initial_lr.value_or(current_lr * options_.backbone_initial_ratio_lr);
      previous_backbone_lr_ = lr;
      const std::size_t left_out = unfreeze_and_add_param_group(
          backbone_of(ctx.model()), optimizer, lr, options_.initial_denom_lr, options_.train_bn);
      if (left_out > 0) {
        ctx.messages().warn("W620", text("BackboneFinetuning: the optimizer has ", left_out,
                                         " parameters of the backbone already; make it for those "
                                         "that require gradients"));
      }
      say(ctx, current_lr, lr);
    } else if (epoch > options_.unfreeze_backbone_at_epoch && previous_backbone_lr_) {
      double lr = lambda_func_(epoch + 1) * *previous_backbone_lr_;
      if (options_.should_align && lr > current_lr) {
        lr = current_lr;
      }
      const std::size_t last = group_count(optimizer) - 1;
      optim::GroupRates rates = optim_rates(optimizer, last);
      rates.lr = lr;
      set_rates(optimizer, last, rates);
      previous_backbone_lr_ = lr;
      say(ctx, current_lr, lr);
    }
  }

  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    BaseFinetuning::on_fit_start(ctx);
    // Lightning leaves the backbone of a resumed run frozen for good.
    if (previous_backbone_lr_ && ctx.options().compat != Compat::lightning) {
      make_trainable(backbone_of(ctx.model()));
    }
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const { return std::string(name); }
  State state_dict() const { return {metadata(), previous_backbone_lr_}; }
  void load_state_dict(State state) {
    previous_backbone_lr_ = state.previous_backbone_lr;
    load_metadata(std::move(state.internal_optimizer_metadata));
  }

 private:
  static torch::nn::Module& backbone_of(torch::nn::Module& model) {
    const auto children = model.named_children();
    const auto* found = children.find("backbone");
    if (found == nullptr) {
      throw ConfigError(text("lt[E624] BackboneFinetuning: the model has the modules ",
                             children.keys(), "; expected one registered as backbone"));
    }
    return **found;
  }
  template <class O>
  static optim::GroupRates optim_rates(const O& optimizer, std::size_t group) {
    using optim::rates;
    return rates(optimizer, group);
  }
  template <class O>
  static std::size_t group_count(const O& optimizer) {
    using optim::group_count;
    return group_count(optimizer);
  }
  template <class O>
  static void set_rates(O& optimizer, std::size_t group, const optim::GroupRates& changed) {
    using optim::set_rates;
    set_rates(optimizer, group, changed);
  }

  void say(RunView& run, double head, double backbone) const {
    if (options_.verbose) {
      const double scale = std::pow(10.0, static_cast<double>(options_.rounding));
      run.messages().info("I620", text("Current lr: ", std::round(head * scale) / scale,
                                       ", Backbone lr: ", std::round(backbone * scale) / scale));
    }
  }

  Options options_;
  Factor lambda_func_;
  std::optional<double> previous_backbone_lr_;
};

}  // namespace lt
