// SPDX-License-Identifier: Apache-2.0
// What Fabric saves and loads: objects under names.
#pragma once

#include "lt/checkpoint/module_state.hpp"
#include "lt/checkpoint/optimizer_state.hpp"
#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Saves everything of an entry.
struct KeepAll {
  bool operator()(std::string_view, const checkpoint::Value&) const { return true; }
};

/// One object of a checkpoint; it must outlive the entry.
template <class T, class Filter = KeepAll>
struct Entry {
  std::string_view name;
  T* object;
  Filter filter;
};

/// An object under a name, for `fabric.save` and `fabric.load`: a module, an optimizer, whatever
/// has `state_dict()` and `load_state_dict(state)`, a number, a text, a tensor, or an aggregate
/// known by LT_REFLECT. With `filter(name, value)` only the members for which it is true are saved.
template <class T, class Filter = KeepAll>
Entry<T, Filter> entry(std::string_view name, T& object, Filter filter = {}) {
  return {name, &object, std::move(filter)};
}

namespace detail {

template <class T>
auto& unwrapped(T& object) {
  if constexpr (requires { object.wrapped(); }) {
    return object.wrapped();
  } else {
    return object;
  }
}

template <class T>
concept OptimizerLike = requires(T& object) { object.zero_grad(); object.param_groups(); } ||
                        requires(T& object) { object.zero_grad(); object.visit([](auto&) {}); };

template <class T>
checkpoint::Value object_state(const T& object) {
  if constexpr (NamedParameters<T>) {
    return module_state(object);
  } else if constexpr (OptimizerLike<T>) {
    return checkpoint::ConvertOptimizer<T>::to(object);
  } else if constexpr (requires { object.state_dict(); }) {
    return checkpoint::to_value(object.state_dict());
  } else {
    return checkpoint::to_value(object);
  }
}

template <class T>
void load_object_state(T& object, const checkpoint::Value& state, bool strict) {
  if constexpr (NamedParameters<T>) {
    load_module_state(object, state, strict);
  } else if constexpr (OptimizerLike<T>) {
    checkpoint::ConvertOptimizer<T>::from(state, object);
  } else if constexpr (requires { object.load_state_dict(object.state_dict()); }) {
    auto saved = object.state_dict();
    checkpoint::from_value(state, saved);
    object.load_state_dict(std::move(saved));
  } else {
    checkpoint::from_value(state, object);
  }
}

template <class T, class Filter>
checkpoint::Value entry_state(const Entry<T, Filter>& entry) {
  checkpoint::Value state = object_state(std::as_const(unwrapped(*entry.object)));
  if constexpr (!std::is_same_v<Filter, KeepAll>) {
    if (!state.is_dict()) {
      throw ConfigError(text("lt[E177] fabric.save: the entry \"", entry.name,
                             "\" has a filter, but it has no members to choose from"));
    }
    checkpoint::Dict kept;
    for (const checkpoint::Entry& member : state.dict()) {
      const auto* name = std::get_if<std::string>(&member.key);
      if (name == nullptr || entry.filter(std::string_view(*name), member.value)) {
        kept[member.key] = member.value;
      }
    }
    return kept;
  } else {
    return state;
  }
}

}  // namespace detail

}  // namespace lt
