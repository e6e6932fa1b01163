// SPDX-License-Identifier: Apache-2.0
// What all optimizers share: parameter groups, gradients, the state store and the step's frame.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/optim/param_group.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::optim {

/// True if nothing was stored in `state` yet: the parameter has not been updated so far.
template <Reflected State>
bool is_empty(const State& state) {
  bool empty = true;
  for_each_field(state, [&]<class Value>(std::string_view, const Value& value) {
    if constexpr (std::same_as<Value, at::Tensor>) {
      empty = empty && !value.defined();
    } else if constexpr (requires { value.empty(); }) {
      empty = empty && value.empty();
    } else {
      empty = empty && value == Value{};
    }
  });
  return empty;
}

/// Base of the optimizers (CRTP, nothing virtual). `Derived` gives
/// `static void check(const Options&)`, which throws ConfigError, and
/// `void update(ParamGroup<Options>&, std::span<ParamState>)`, which updates the parameters that
/// have a gradient; it runs without autograd.
template <class Derived, Reflected OptionsType, Reflected StateType>
class OptimizerBase {
 public:
  using Options = OptionsType;
  using Group = ParamGroup<Options>;
  using ParamState = StateType;

  /// One group with all of `params`. Errors: ConfigError for options out of range, an empty list,
  /// a tensor that is not a leaf.
  explicit OptimizerBase(std::vector<at::Tensor> params, Options options = {}) {
    if (params.empty()) {
      throw ConfigError(name() + ": got an empty parameter list; expected at least one parameter");
    }
    add_param_group({.params = std::move(params), .options = std::move(options)});
  }

  /// Several groups, each with its options. Errors: as above, and a parameter in two groups.
  explicit OptimizerBase(std::vector<Group> groups) {
    if (groups.empty()) {
      throw ConfigError(name() + ": got no parameter group; expected at least one");
    }
    for (Group& group : groups) {
      add_param_group(std::move(group));
    }
  }

  std::vector<Group>& param_groups() { return groups_; }
  const std::vector<Group>& param_groups() const { return groups_; }

  /// Adds a group at the end. A parameter given twice within the group counts once.
  void add_param_group(Group group) {
    Derived::check(group.options);
    std::vector<at::Tensor> params;
    params.reserve(group.params.size());
    const auto holds = [](const std::vector<at::Tensor>& list, const at::Tensor& param) {
      return std::any_of(list.begin(), list.end(),
                         [&](const at::Tensor& other) { return other.is_same(param); });
    };
    for (at::Tensor& param : group.params) {
      if (!param.defined() || !param.is_leaf()) {
        throw ConfigError(name() + ": a parameter is " +
                          (param.defined() ? "the result of an operation" : "undefined") +
                          "; expected leaf tensors");
      }
      for (const Group& other : groups_) {
        if (holds(other.params, param)) {
          throw ConfigError(name() + ": a parameter appears in more than one parameter group");
        }
      }
      if (!holds(params, param)) {
        params.push_back(std::move(param));
      }
    }
    group.params = std::move(params);
    groups_.push_back(std::move(group));
    ensure_state();
  }

  /// Forgets the gradients (or fills them with zeros).
  void zero_grad(bool set_to_none = true) {
    for (Group& group : groups_) {
      for (at::Tensor& param : group.params) {
        at::Tensor& grad = param.mutable_grad();
        if (!grad.defined()) {
          continue;
        }
        if (set_to_none) {
          grad.reset();
          continue;
        }
        if (grad.grad_fn()) {
          grad.detach_();
        } else {
          grad.requires_grad_(false);
        }
        grad.zero_();
      }
    }
  }

  /// Updates every parameter that has a gradient.
  void step() {
    c10::NoGradGuard no_grad;
    ensure_state();
    std::span<ParamState> rest(state_);
    for (Group& group : groups_) {
      static_cast<Derived&>(*this).update(group, rest.first(group.params.size()));
      rest = rest.subspan(group.params.size());
    }
  }

  /// Runs `closure` with autograd on, then updates; returns what the closure returned.
  template <std::invocable F>
  auto step(F&& closure) {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      run(closure);
      step();
    } else {
      auto result = run(closure);
      step();
      return result;
    }
  }

  /// One state per parameter, in the order of the groups; empty until the first update.
  std::span<ParamState> state() { return state_; }
  std::span<const ParamState> state() const { return state_; }
  std::size_t state_size() const { return state_.size(); }

  /// Takes over a saved state. Tensors go to the parameter's device and dtype, except step counts,
  /// as in Python. Errors: CheckpointError if the number of parameters differs.
  void load_state(std::vector<ParamState> saved) {
    ensure_state();
    if (saved.size() != state_.size()) {
      throw CheckpointError(name() + ": the saved state has " + std::to_string(saved.size()) +
                            " parameters; expected " + std::to_string(state_.size()));
    }
    std::size_t i = 0;
    for (const Group& group : groups_) {
      for (const at::Tensor& param : group.params) {
        for_each_field(saved[i], [&]<class Value>(std::string_view field, Value& value) {
          if constexpr (std::same_as<Value, at::Tensor>) {
            fit(value, param, field == "step", is_fused(group.options));
          } else if constexpr (std::same_as<Value, std::vector<at::Tensor>>) {
            for (at::Tensor& tensor : value) {
              fit(tensor, param, false, false);
            }
          }
        });
        ++i;
      }
    }
    state_ = std::move(saved);
  }

  /// Takes over saved groups: everything but the parameters themselves. Errors: CheckpointError if
  /// the number of groups differs, or the number of parameters of a group that lists them.
  void load_param_groups(std::vector<Group> saved) {
    if (saved.size() != groups_.size()) {
      throw CheckpointError(name() + ": the saved state has " + std::to_string(saved.size()) +
                            " parameter groups; expected " + std::to_string(groups_.size()));
    }
    for (std::size_t i = 0; i < saved.size(); ++i) {
      const std::size_t found = saved[i].params.size();
      if (found != 0 && found != groups_[i].params.size()) {
        throw CheckpointError(name() + ": saved parameter group " + std::to_string(i) + " has " +
                              std::to_string(found) + " parameters; expected " +
                              std::to_string(groups_[i].params.size()));
      }
    }
    for (std::size_t i = 0; i < saved.size(); ++i) {
      saved[i].params = std::move(groups_[i].params);
      groups_[i] = std::move(saved[i]);
    }
  }

  /// Gives every parameter a state; call it after adding parameters to a group by hand.
  void ensure_state() {
    std::size_t count = 0;
    for (const Group& group : groups_) {
      count += group.params.size();
    }
    if (state_.size() != count) {
      state_.resize(count);
    }
  }

 protected:
  template <class F>
  static decltype(auto) run(F& closure) {
    c10::AutoGradMode grad(true);
    return std::invoke(closure);
  }

  static std::string name() { return std::string(Derived::class_name); }

 private:
  static bool is_fused(const Options& options) {
    if constexpr (requires { options.fused; }) {
      return options.fused;
    } else {
      return false;
    }
  }

  /// The rule of Python's Optimizer.load_state_dict.
  static void fit(at::Tensor& value, const at::Tensor& param, bool is_step, bool fused) {
    if (!value.defined() || (is_step && !fused)) {
      return;
    }
    if (is_step) {
      value = value.to(param.device(), at::kFloat);
    } else if (param.is_floating_point()) {
      value = value.to(param.device(), param.scalar_type());
    } else {
      value = value.to(param.device(), value.scalar_type());
    }
  }

  std::vector<Group> groups_;
  std::vector<ParamState> state_;
};

}  // namespace lt::optim
