// SPDX-License-Identifier: Apache-2.0
// Batches as trees of tensors: walking them and replacing their tensors.
#pragma once

#include "lt/core/reflect.hpp"

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lt {
namespace detail {

template <class T>
concept TensorLeaf = std::same_as<std::remove_cvref_t<T>, at::Tensor>;

template <class T>
concept TextLike = std::convertible_to<const std::remove_cvref_t<T>&, std::string_view>;

template <class T>
concept OptionalLike =
    std::same_as<std::remove_cvref_t<T>,
                 std::optional<typename std::remove_cvref_t<T>::value_type>>;

template <class T>
concept MapLike = std::ranges::range<T> && requires {
  typename std::remove_cvref_t<T>::mapped_type;
};

template <class T>
concept RangeLike = std::ranges::range<T> && !TextLike<T>;

template <class T>
concept TupleLike = requires { std::tuple_size<std::remove_cvref_t<T>>::value; };

// Our Example and LibTorch's; the latter's form without a target has the data alone.
template <class T>
concept HasData = !TensorLeaf<T> && requires(T& t) { t.data; };

template <class T>
concept HasTarget = requires(T& t) { t.target; };

}  // namespace detail

/// Calls `f(leaf)` for every leaf of `tree`, depth first, in the order of declaration. Branches
/// are tuples, pairs, arrays, vectors and other ranges, maps (by value), optionals, `Example` and
/// aggregates known by LT_REFLECT; everything else is a leaf. An empty optional gives
/// `f(std::nullopt)`.
template <class Tree, class F>
void for_each_leaf(Tree&& tree, F&& f) {
  if constexpr (detail::TensorLeaf<Tree>) {
    f(tree);
  } else if constexpr (detail::OptionalLike<Tree>) {
    if (tree.has_value()) {
      for_each_leaf(*tree, f);
    } else {
      f(std::nullopt);
    }
  } else if constexpr (detail::MapLike<Tree>) {
    for (auto& entry : tree) {
      for_each_leaf(entry.second, f);
    }
  } else if constexpr (detail::RangeLike<Tree>) {
    for (auto&& element : tree) {
      for_each_leaf(element, f);
    }
  } else if constexpr (detail::TupleLike<Tree>) {
    std::apply([&](auto&... elements) { (for_each_leaf(elements, f), ...); }, tree);
  } else if constexpr (Reflected<Tree>) {
    for_each_field(tree, [&](std::string_view, auto& field) { for_each_leaf(field, f); });
  } else if constexpr (detail::HasData<Tree>) {
    for_each_leaf(tree.data, f);
    if constexpr (detail::HasTarget<Tree>) {
      for_each_leaf(tree.target, f);
    }
  } else {
    f(tree);
  }
}

/// Calls `f(tensor)` for every tensor of `tree`, in the order of `for_each_leaf`.
template <class Tree, class F>
void for_each_tensor(Tree&& tree, F&& f) {
  for_each_leaf(tree, [&](auto&& leaf) {
    if constexpr (detail::TensorLeaf<decltype(leaf)>) {
      f(leaf);
    }
  });
}

/// A copy of `tree` in which every tensor `t` is `f(t)`: gathering, moving to a device, casting.
/// Undefined tensors are passed too.
template <class Tree, class F>
Tree map_tensors(Tree tree, F&& f) {
  for_each_tensor(tree, [&](at::Tensor& tensor) { tensor = f(std::as_const(tensor)); });
  return tree;
}

/// Whether a `Tree` can hold a tensor at all, judged by its type.
template <class Tree>
constexpr bool holds_tensors() {
  bool found = false;
  if constexpr (detail::TensorLeaf<Tree>) {
    found = true;
  } else if constexpr (detail::OptionalLike<Tree>) {
    found = holds_tensors<typename std::remove_cvref_t<Tree>::value_type>();
  } else if constexpr (detail::MapLike<Tree>) {
    found = holds_tensors<typename std::remove_cvref_t<Tree>::mapped_type>();
  } else if constexpr (detail::RangeLike<Tree>) {
    found = holds_tensors<std::ranges::range_value_t<Tree>>();
  } else if constexpr (detail::TupleLike<Tree>) {
    found = []<std::size_t... I>(std::index_sequence<I...>) {
      return (holds_tensors<std::tuple_element_t<I, std::remove_cvref_t<Tree>>>() || ...);
    }(std::make_index_sequence<std::tuple_size_v<std::remove_cvref_t<Tree>>>{});
  } else if constexpr (Reflected<Tree>) {
    for_each_field_info<std::remove_cvref_t<Tree>>([&](const auto& field) {
      found = found || holds_tensors<typename std::remove_cvref_t<decltype(field)>::value_type>();
    });
  } else if constexpr (detail::HasData<Tree>) {
    found = holds_tensors<decltype(std::declval<Tree&>().data)>();
    if constexpr (detail::HasTarget<Tree>) {
      found = found || holds_tensors<decltype(std::declval<Tree&>().target)>();
    }
  }
  return found;
}

/// A batch that holds at least one tensor. Satisfied by tensors, tuples, vectors, maps, `Example`
/// and reflected aggregates of them.
template <class T>
concept TensorTree = holds_tensors<T>();

}  // namespace lt
