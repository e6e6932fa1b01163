// SPDX-License-Identifier: Apache-2.0
// Optimizers in the layout of Python's `Optimizer.state_dict()`:
//   {"state": {0: {"exp_avg": ...}, ...}, "param_groups": [{"lr": ..., "params": [0, 1]}]}
// The numbers count the parameters over all groups; parameters without a state are left out.
#pragma once

#include "lt/checkpoint/lbfgs_state.hpp"
#include "lt/checkpoint/param_group_value.hpp"
#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/optim/one_of.hpp"
#include "lt/optim/optimizer_base.hpp"

#include <torch/optim/optimizer.h>

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::checkpoint {

/// An optimizer of lt::optim, known by its type, or one of a user's that is built like them.
template <class O>
concept SavableOptimizer = requires(O& optimizer, std::vector<typename O::ParamState> state,
                                    std::vector<typename O::Group> groups) {
  { O::class_name } -> std::convertible_to<std::string_view>;
  optimizer.param_groups()[0].params;
  optimizer.state();
  optimizer.load_state(state);
  optimizer.load_param_groups(groups);
};

/// True if each tensor of the state of a parameter has the parameter's shape or no dimensions,
/// which is checked when it is read. Specialise it to `false` for optimizers with other states.
template <class ParamState>
inline constexpr bool state_has_param_shape = true;
template <>
inline constexpr bool state_has_param_shape<optim::LbfgsState> = false;

namespace detail {

/// Undefined tensors are left out.
template <Reflected State>
Value param_state_to_value(const State& state) {
  Dict dict;
  for_each_field(state, [&](std::string_view name, const auto& field) {
    if (Value value = to_value(field); !value.is_null()) {
      dict[name] = std::move(value);
    }
  });
  return dict;
}

/// A copy of `tensor`: the optimizer changes its tensors in place, the checkpoint must not change.
inline void detach_from_checkpoint(at::Tensor& tensor) {
  if (tensor.defined()) {
    tensor = tensor.detach().clone();
  }
}

template <Reflected State>
State param_state_from_value(const Value& value, const Path& path) {
  State state = from_value<State>(value, Fields::known, path);
  bool any = value.size() == 0;
  for_each_field(state, [&]<class F>(std::string_view name, F& field) {
    const Value* found = value.find(name);
    any = any || found;
    if constexpr (std::same_as<F, at::Tensor>) {
      if (name == "step" && found && !found->is_tensor() && field.defined()) {
        field = field.to(at::kFloat);  // old files of Python count steps by plain numbers
      }
      detach_from_checkpoint(field);
    } else if constexpr (std::same_as<F, std::vector<at::Tensor>>) {
      for (at::Tensor& tensor : field) {
        detach_from_checkpoint(tensor);
      }
    }
  });
  if (!any) {
    std::vector<Key> expected;
    for_each_field(state, [&](std::string_view name, const auto&) { expected.emplace_back(name); });
    throw CheckpointError(lt::text("lt[E224] ", path,
                                   ": found the state of another optimizer, with ",
                                   value.dict().begin()->key, "; expected ", expected));
  }
  return state;
}

template <Reflected State>
void require_param_shape(const State& state, const at::Tensor& param, std::string_view optimizer,
                         const Path& path) {
  for_each_field(state, [&]<class F>(std::string_view name, const F& field) {
    if constexpr (std::same_as<F, at::Tensor>) {
      if (field.defined() && field.dim() > 0 && field.sizes() != param.sizes()) {
        throw CheckpointError(lt::text("lt[E224] ", optimizer, ": ", path, ".", name,
                                       " has the shape ", field.sizes(), "; expected ",
                                       param.sizes(), ", that of the parameter"));
      }
    }
  });
}

/// The optimizer's position of each number that a saved group lists, by the order of the
/// parameters.
template <class Groups>
std::vector<std::int64_t> saved_numbers(const List& saved, const Groups& groups,
                                        std::string_view optimizer, const Path& path) {
  if (saved.size() != groups.size()) {
    throw CheckpointError(lt::text("lt[E224] ", optimizer, ": the checkpoint has ", saved.size(),
                                   " parameter groups; expected ", groups.size()));
  }
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const Key index(i);
    const Key params("params");
    const Path group(path, index);
    const Path list(group, params);
    const auto found =
        from_value<std::vector<std::int64_t>>(saved[i].child(params, list), Fields::known, list);
    if (found.size() != groups[i].params.size()) {
      throw CheckpointError(lt::text("lt[E224] ", optimizer, ": parameter group ", i,
                                     " of the checkpoint has ", found.size(),
                                     " parameters; expected ", groups[i].params.size()));
    }
    numbers.insert(numbers.end(), found.begin(), found.end());
  }
  return numbers;
}

}  // namespace detail

/// The state of `optimizer`. Tensors share their memory with it: the tree must be written, or the
/// tensors cloned, before the next step.
template <SavableOptimizer O>
Value optimizer_to_value(const O& optimizer) {
  Dict state;
  std::int64_t number = 0;
  for (const auto& param_state : optimizer.state()) {
    if (!optim::is_empty(param_state)) {
      state[number] = detail::param_state_to_value(param_state);
    }
    ++number;
  }
  List groups;
  std::int64_t first = 0;
  for (const auto& group : optimizer.param_groups()) {
    groups.push_back(detail::group_to_value(O::class_name, group, first));
    first += static_cast<std::int64_t>(group.params.size());
  }
  return Dict{{"state", std::move(state)}, {"param_groups", std::move(groups)}};
}

/// Reads what `optimizer_to_value` or Python's `state_dict()` has written: options of the groups
/// and the state of each parameter. Nothing is changed if anything is wrong. Errors:
/// lt::CheckpointError naming the optimizer for another number of groups or parameters, other
/// shapes, or the state of another kind of optimizer.
template <SavableOptimizer O>
void optimizer_from_value(O& optimizer, const Value& saved, const Path& path = Path()) {
  using State = typename O::ParamState;
  constexpr std::string_view name = O::class_name;
  const Key groups_key("param_groups");
  const Key state_key("state");
  const Path groups_path(path, groups_key);
  const Path state_path(path, state_key);
  const List& saved_groups = saved.child(groups_key, groups_path).template as<List>(groups_path);
  const Dict& saved_state = saved.child(state_key, state_path).template as<Dict>(state_path);
  const auto numbers =
      detail::saved_numbers(saved_groups, optimizer.param_groups(), name, groups_path);

  std::vector<typename O::Group> groups;
  std::vector<State> state;
  for (const auto& group : optimizer.param_groups()) {
    const Key index(groups.size());
    groups.push_back(
        detail::group_from_value(saved_groups[groups.size()], group, Path(groups_path, index)));
    for (const at::Tensor& param : group.params) {
      const Key number(numbers[state.size()]);
      const Path below(state_path, number);
      const Value* found = saved_state.find(number);
      state.push_back(found ? detail::param_state_from_value<State>(*found, below) : State{});
      if constexpr (state_has_param_shape<State>) {
        detail::require_param_shape(state.back(), param, name, below);
      }
    }
  }
  if constexpr (std::same_as<State, optim::LbfgsState>) {
    detail::require_flat_shape(state, optimizer.param_groups()[0].params, name);
  }
  optimizer.load_param_groups(std::move(groups));
  optimizer.load_state(std::move(state));
}

template <class... Os>
Value optimizer_to_value(const optim::OneOf<Os...>& optimizer) {
  return optimizer.visit([](const auto& own) { return optimizer_to_value(own); });
}

template <class... Os>
void optimizer_from_value(optim::OneOf<Os...>& optimizer, const Value& saved,
                          const Path& path = Path()) {
  optimizer.visit([&](auto& own) { optimizer_from_value(own, saved, path); });
}

/// How an optimizer goes into a checkpoint and comes back. lt/torch.hpp has the one for
/// torch::optim.
template <class O>
struct ConvertOptimizer {
  static_assert(!std::derived_from<O, torch::optim::Optimizer>,
                "lt[E226] the state of a torch::optim optimizer goes into checkpoints through "
                "LibTorch's own archives; Fix: include <lt/torch.hpp> instead of <lt/lt.hpp>");
  static Value to(const O& optimizer) { return optimizer_to_value(optimizer); }
  static void from(const Value& saved, O& optimizer) { optimizer_from_value(optimizer, saved); }
};

}  // namespace lt::checkpoint
