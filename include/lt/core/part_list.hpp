// SPDX-License-Identifier: Apache-2.0
// A part that holds other parts, chosen at run time among types fixed at compile time.
#pragma once

#include "lt/core/parts.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt {

/// Any number of `Ps` in any order. The trainer asks each element for its role and hooks and applies
/// the same order rules as for parts named in its type. Only who uses it pays for it: one switch
/// for each element and hook.
///
///   lt::PartList<lt::EarlyStopping, lt::ModelCheckpoint> parts;
///   parts.add(lt::EarlyStopping{{.monitor = "val_loss"}});
template <class... Ps>
class PartList {
 public:
  using policy_family = part_list_tag;
  using Element = std::variant<std::unique_ptr<Ps>...>;

  PartList() = default;

  /// Appends a part and returns it.
  template <class P>
    requires(std::same_as<std::remove_cvref_t<P>, Ps> || ...)
  std::remove_cvref_t<P>& add(P&& part) {
    using Type = std::remove_cvref_t<P>;
    auto owned = std::make_unique<Type>(std::forward<P>(part));
    Type& reference = *owned;
    elements_.emplace_back(std::move(owned));
    return reference;
  }

  /// Moves the elements of another list behind those of this one. They take the place of all
  /// elements of their types.
  void merge(PartList&& other) {
    std::erase_if(elements_, [&](const Element& element) {
      return std::any_of(other.elements_.begin(), other.elements_.end(),
                         [&](const Element& fresh) { return fresh.index() == element.index(); });
    });
    for (Element& element : other.elements_) {
      elements_.push_back(std::move(element));
    }
    other.elements_.clear();
  }

  /// Removes all elements of type `P`.
  template <class P>
  void remove() {
    if constexpr ((std::same_as<P, Ps> || ...)) {
      std::erase_if(elements_, [](const Element& element) {
        return std::holds_alternative<std::unique_ptr<P>>(element);
      });
    }
  }

  std::size_t size() const { return elements_.size(); }
  bool empty() const { return elements_.empty(); }

  /// Calls `f(part)` for each element with its own type.
  template <class F>
  void for_each(F&& f) {
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      visit_element(elements_[i], f, std::make_index_sequence<sizeof...(Ps)>{});
    }
  }

 private:
  // A chain of comparisons instead of std::visit's table of function pointers.
  template <class F, std::size_t... Is>
  static void visit_element(Element& element, F& f, std::index_sequence<Is...>) {
    (void)((element.index() == Is ? (f(**std::get_if<Is>(&element)), true) : false) || ...);
  }

  std::vector<Element> elements_;
};

template <class T>
inline constexpr bool is_part_list = role_of<T> == Role::list;

}  // namespace lt
