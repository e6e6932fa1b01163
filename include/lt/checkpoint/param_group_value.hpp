// SPDX-License-Identifier: Apache-2.0
// One entry of an optimizer's `param_groups`.
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/reflect.hpp"
#include "lt/optim/param_group.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace lt::checkpoint::detail {

/// Calls `f(name, field)` for what schedulers write into a group.
template <class Group, class F>
void for_each_rate(Group& group, F&& f) {
  f("initial_lr", group.initial_lr);
  f("max_lr", group.max_lr);
  f("min_lr", group.min_lr);
  f("max_momentum", group.max_momentum);
  f("base_momentum", group.base_momentum);
}

/// Keys of Python's groups that `lt` has no option for, with the values Python gives them, so that
/// a group from here looks like one of Python's. Source: torch/optim/<name>.py, `defaults`.
inline void add_python_keys(std::string_view optimizer, Dict& group) {
  const bool adam = optimizer == "Adam" || optimizer == "AdamW";
  if (adam || optimizer == "SGD" || optimizer == "RMSprop" || optimizer == "Adagrad") {
    group["foreach"] = nullptr;
    group["differentiable"] = false;
  }
  if (adam || optimizer == "RMSprop") {
    group["capturable"] = false;
  }
  if (optimizer == "AdamW") {
    group["decoupled_weight_decay"] = true;
  }
  if (optimizer == "Adagrad") {
    group["fused"] = nullptr;
  }
}

/// `first` is the number of the group's first parameter.
template <class Options>
Value group_to_value(std::string_view optimizer, const optim::ParamGroup<Options>& group,
                     std::int64_t first) {
  Dict dict = to_value(group.options).dict();
  // Python's None leaves the choice to the optimizer; false would forbid its fast forms.
  if (Value* fused = dict.find("fused"); fused && !fused->template as<bool>()) {
    *fused = nullptr;
  }
  add_python_keys(optimizer, dict);
  if (!group.name.empty()) {
    dict["name"] = group.name;
  }
  for_each_rate(group, [&](std::string_view name, const std::optional<double>& rate) {
    if (rate) {
      dict[name] = *rate;
    }
  });
  List params;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(group.params.size()); ++i) {
    params.push_back(first + i);
  }
  dict["params"] = std::move(params);
  return dict;
}

/// The saved group. As in Python it replaces the present one but for the parameters: options that
/// the file lacks stay, rates that it lacks go.
template <class Options>
optim::ParamGroup<Options> group_from_value(const Value& saved,
                                            const optim::ParamGroup<Options>& present,
                                            const Path& path) {
  optim::ParamGroup<Options> group{.options = present.options, .name = present.name};
  for_each_field(group.options, [&]<class F>(std::string_view name, F& field) {
    const Value* found = saved.find(name);
    if (found == nullptr) {
      return;
    }
    if constexpr (std::same_as<F, bool>) {
      if (found->is_null()) {  // `fused`
        field = false;
        return;
      }
    }
    const Key key(name);
    from_value(*found, field, Fields::known, Path(path, key));
  });
  if (const Value* name = saved.find("name")) {
    const Key key("name");
    from_value(*name, group.name, Fields::known, Path(path, key));
  }
  for_each_rate(group, [&](std::string_view name, std::optional<double>& rate) {
    if (const Value* found = saved.find(name)) {
      const Key key(name);
      from_value(*found, rate, Fields::known, Path(path, key));
    }
  });
  return group;
}

}  // namespace lt::checkpoint::detail
