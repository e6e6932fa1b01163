// SPDX-License-Identifier: Apache-2.0
// Freezing parts of a model and training them later: the base of such callbacks. Includes
// torch::nn's batch normalization, so it is a door of its own beside lt/lt.hpp.
#pragma once

#include "lt/checkpoint/optimizer_state.hpp"
#include "lt/checkpoint/reflect.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/nn/batch_norm.hpp"
#include "lt/optim/group_rates.hpp"
#include "lt/optim/torch_optim.hpp"
#include "lt/policies/callback.hpp"
#include "lt/tensor.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// One or more modules: `backbone`, or `{block1, block2}`; holders and shared pointers too.
class Modules {
 public:
  Modules(torch::nn::Module& module) : list_{&module} {}  // NOLINT: that is what they are
  template <class Holder>
  requires(!std::same_as<std::remove_cvref_t<Holder>, Modules>) && requires(Holder& holder) {
    { *holder } -> std::convertible_to<torch::nn::Module&>;
  }
  Modules(Holder&& holder) : list_{&static_cast<torch::nn::Module&>(*holder)} {}  // NOLINT
  Modules(std::initializer_list<Modules> many) {
    for (const Modules& some : many) {
      list_.insert(list_.end(), some.list_.begin(), some.list_.end());
    }
  }

  /// Calls `f(module)` for each module and all below it.
  template <class F>
  void for_each(F&& f) const {
    for (torch::nn::Module* module : list_) {
      nn::for_each_module(*module, f);
    }
  }

 private:
  std::vector<torch::nn::Module*> list_;
};

/// The tools of finetuning, usable by themselves. Names and defaults are Lightning's.
struct FinetuningTools {
  /// All parameters want gradients again, running statistics move again.
  static void make_trainable(const Modules& modules) {
    modules.for_each([](torch::nn::Module& module) { set_trainable(module, true); });
  }
  /// No parameter wants a gradient. Batch normalization stays trainable under `train_bn`; if not,
  /// its running statistics rest too.
  static void freeze(const Modules& modules, bool train_bn = true) {
    modules.for_each([&](torch::nn::Module& module) {
      set_trainable(module, train_bn && nn::is_batch_norm(module));
    });
  }
  /// The parameters whose `requires_grad` is that of the argument, each once.
  static std::vector<Tensor> filter_params(const Modules& modules, bool train_bn = true,
                                           bool requires_grad = true) {
    std::vector<Tensor> found;
    modules.for_each([&](torch::nn::Module& module) {
      if (!train_bn && nn::is_batch_norm(module)) {
        return;
      }
      for (const Tensor& param : module.parameters(false)) {
        if (param.requires_grad() == requires_grad && !holds(found, param)) {
          found.push_back(param);
        }
      }
    });
    return found;
  }
  /// Those of `params` that the optimizer does not update yet.
  template <class O>
  static std::vector<Tensor> filter_on_optimizer(const O& optimizer, std::vector<Tensor> params) {
    std::erase_if(params, [&](const Tensor& param) {
      return std::any_of(optimizer.param_groups().begin(), optimizer.param_groups().end(),
                         [&](const auto& group) { return holds(params_of(group), param); });
    });
    return params;
  }
  /// Makes `modules` trainable and adds their parameters to the optimizer as one more group, with
  /// the rate `lr` or, without one, that of the first group divided by `initial_denom_lr`. Its
  /// other options are those of the first group. Returns how many parameters were left out because
  /// the optimizer has them already.
  template <class O>
  static std::size_t unfreeze_and_add_param_group(const Modules& modules, O& optimizer,
                                                  std::optional<double> lr = {},
                                                  double initial_denom_lr = 10.0,
                                                  bool train_bn = true) {
    if constexpr (requires { optimizer.visit([](auto&) {}); }) {
      return optimizer.visit([&](auto& chosen) {
        return unfreeze_and_add_param_group(modules, chosen, lr, initial_denom_lr, train_bn);
      });
    } else {
      make_trainable(modules);
      const double rate = lr ? *lr : optim::rates(optimizer, 0).lr / initial_denom_lr;
      const std::vector<Tensor> params = filter_params(modules, train_bn, true);
      std::vector<Tensor> fresh = filter_on_optimizer(optimizer, params);
      const std::size_t left_out = params.size() - fresh.size();
      if (!fresh.empty()) {
        add_group(optimizer, std::move(fresh));
        optim::GroupRates rates{.lr = rate};
        optim::set_rates(optimizer, optim::group_count(optimizer) - 1, rates);
      }
      return left_out;
    }
  }

 protected:
  static bool holds(const std::vector<Tensor>& list, const Tensor& param) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Tensor& other) { return other.is_same(param); });
  }
  static const std::vector<Tensor>& params_of(const torch::optim::OptimizerParamGroup& group) {
    return group.params();
  }
  template <class Options>
  static const std::vector<Tensor>& params_of(const optim::ParamGroup<Options>& group) {
    return group.params;
  }
  // A group like the first one, at the end.
  template <class O>
  static void add_group(O& optimizer, std::vector<Tensor> params) {
    if constexpr (std::derived_from<O, torch::optim::Optimizer>) {
      optimizer.add_param_group(torch::optim::OptimizerParamGroup(
          std::move(params), optimizer.param_groups()[0].options().clone()));
    } else {
      optimizer.add_param_group(
          {.params = std::move(params), .options = optimizer.param_groups()[0].options});
    }
  }

 private:
  static void set_trainable(torch::nn::Module& module, bool trainable) {
    nn::set_track_running_stats(module, trainable);
    for (Tensor& param : module.parameters(false)) {
      param.set_requires_grad(trainable);
    }
  }
};

/// Base of the callbacks that freeze and unfreeze (CRTP). `Derived` has
///   void freeze_before_training(Model& model)
///   void finetune_function(Ctx& ctx, std::int64_t epoch, auto& optimizer)
/// The first is called before optimizers are made; the second at the start of each epoch for each
/// optimizer, and may add parameter groups to it. What it adds is kept in checkpoints by the names
/// of the parameters and put back when a run resumes. Errors: lt::CheckpointError for a name that
/// the model lacks. Source: Lightning, callbacks/finetuning.py, BaseFinetuning.
template <class Derived>
class BaseFinetuning : public FinetuningTools {
 public:
  // -- hooks ------------------------------------------------------------------------------------

  template <class Ctx>
  void setup(Ctx& ctx, RunFn) {
    using Model = std::remove_cvref_t<decltype(ctx.model())>;
    static_assert(std::is_base_of_v<torch::nn::Module, Model>,
                  "lt[E620] finetuning needs a model that is a torch::nn::Module; Fix: derive it "
                  "from lt::nn::Module");
    self().freeze_before_training(ctx.model());
  }

  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    if (std::exchange(restarting_, false)) {
      ctx.for_each_optimizer([&](std::size_t i, auto& optimizer) {
        if (const auto* groups = metadata_.find(checkpoint::Key(i))) {
          restore_groups(ctx.model(), optimizer, groups->list());
        }
      });
    }
  }

  template <class Ctx>
  void on_train_epoch_start(Ctx& ctx) {
    ctx.for_each_optimizer([&](std::size_t i, auto& optimizer) {
      const std::size_t groups = group_count_of(optimizer);
      self().finetune_function(ctx, ctx.current_epoch(), optimizer);
      remember_groups(ctx.model(), optimizer, i, groups);
    });
  }

 protected:
  const checkpoint::Value& metadata() const { return metadata_; }
  void load_metadata(checkpoint::Value metadata) {
    metadata_ = std::move(metadata);
    restarting_ = metadata_.is_dict();
    if (!restarting_) {
      metadata_ = checkpoint::Dict();
    }
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  template <class O>
  static std::size_t group_count_of(O& optimizer) {
    if constexpr (requires { optimizer.visit([](auto&) {}); }) {
      return optimizer.visit([](auto& chosen) { return optim::group_count(chosen); });
    } else {
      return optim::group_count(optimizer);
    }
  }

  static std::string name_in(const torch::nn::Module& model, const Tensor& param,
                             const std::string& prefix = {}) {
    for (const auto& item : model.named_parameters(false)) {
      if (item.value().is_same(param)) {
        return prefix + item.key();
      }
    }
    for (const auto& child : model.named_children()) {
      if (auto found = name_in(*child.value(), param, prefix + child.key() + "."); !found.empty()) {
        return found;
      }
    }
    return {};
  }
  static Tensor param_in(const torch::nn::Module& model, const std::string& name) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) {
      const auto params = model.named_parameters(false);
      if (const Tensor* found = params.find(name)) {
        return *found;
      }
    } else if (const auto children = model.named_children();
               const auto* child = children.find(name.substr(0, dot))) {
      return param_in(**child, name.substr(dot + 1));
    }
    throw CheckpointError(text("lt[E621] finetuning: the checkpoint has a parameter group with ",
                               name, ", which the model lacks"));
  }

  // The groups from number `from` on, with names for parameters.
  template <class O>
  void remember_groups(const torch::nn::Module& model, O& optimizer, std::size_t index,
                       std::size_t before) {
    if constexpr (requires { optimizer.visit([](auto&) {}); }) {
      optimizer.visit([&](auto& chosen) { remember_groups(model, chosen, index, before); });
    } else {
      const checkpoint::Key key(index);
      const bool known = metadata_.contains(key);
      checkpoint::List groups = known ? metadata_.at(key).list() : checkpoint::List();
      for (std::size_t g = known ? before : 0; g < optimizer.param_groups().size(); ++g) {
        groups.push_back(describe(model, optimizer, g));
      }
      metadata_[key] = std::move(groups);
    }
  }
  template <class O>
  static checkpoint::Value describe(const torch::nn::Module& model, const O& optimizer,
                                    std::size_t g) {
    const auto& group = optimizer.param_groups()[g];
    checkpoint::Value out = checkpoint::Dict();
    if constexpr (std::derived_from<O, torch::optim::Optimizer>) {
      out["lr"] = group.options().get_lr();  // LibTorch gives no access to the others
    } else {
      out = checkpoint::detail::group_to_value(O::class_name, group, 0);
    }
    checkpoint::List names;
    for (const Tensor& param : params_of(group)) {
      names.push_back(name_in(model, param));
    }
    out["params"] = std::move(names);
    return out;
  }

  template <class O>
  static void restore_groups(const torch::nn::Module& model, O& optimizer,
                             const checkpoint::List& saved) {
    if constexpr (requires { optimizer.visit([](auto&) {}); }) {
      optimizer.visit([&](auto& chosen) { restore_groups(model, chosen, saved); });
    } else {
      const auto first = optimizer.param_groups()[0];
      optimizer.param_groups().clear();
      for (const checkpoint::Value& group : saved) {
        std::vector<Tensor> params;
        for (const checkpoint::Value& name : group.at("params").list()) {
          params.push_back(param_in(model, name.as<std::string>()));
        }
        if constexpr (std::derived_from<O, torch::optim::Optimizer>) {
          optimizer.add_param_group(
              torch::optim::OptimizerParamGroup(std::move(params), first.options().clone()));
          optimizer.param_groups().back().options().set_lr(group.get<double>("lr"));
        } else {
          auto fresh = checkpoint::detail::group_from_value(group, first, checkpoint::Path());
          fresh.params = std::move(params);
          optimizer.add_param_group(std::move(fresh));
        }
      }
    }
  }

  checkpoint::Value metadata_ = checkpoint::Dict();  // per optimizer, its groups by names
  bool restarting_ = false;
};

}  // namespace lt
