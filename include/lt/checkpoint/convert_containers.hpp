// SPDX-License-Identifier: Apache-2.0
// Containers of the standard library in a checkpoint.
#pragma once

#include "lt/checkpoint/convert.hpp"
#include "lt/checkpoint/value.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt::checkpoint {

/// The value, or None.
template <class T>
struct Convert<std::optional<T>> {
  static Value to(const std::optional<T>& x) { return x ? Convert<T>::to(*x) : Value(); }
  static void from(const Value& value, std::optional<T>& x, Fields fields, const Path& path) {
    if (value.is_null()) {
      x.reset();
    } else {
      Convert<T>::from(value, x ? *x : x.emplace(), fields, path);
    }
  }
};

template <class T, class A>
struct Convert<std::vector<T, A>> {
  static Value to(const std::vector<T, A>& x) {
    List list;
    list.reserve(x.size());
    for (const auto& item : x) {
      list.push_back(Convert<T>::to(item));
    }
    return list;
  }
  static void from(const Value& value, std::vector<T, A>& x, Fields fields, const Path& path) {
    x.clear();
    for (const Value& item : value.as<List>(path)) {
      const Key index(x.size());
      T element{};
      Convert<T>::from(item, element, fields, Path(path, index));
      x.push_back(std::move(element));
    }
  }
};

/// Arrays, pairs and tuples: lists of as many values.
template <class T>
requires requires { std::tuple_size<T>::value; }
struct Convert<T> {
  static constexpr std::size_t size = std::tuple_size_v<T>;

  static Value to(const T& x) {
    return std::apply(
        [](const auto&... items) {
          List list;
          (list.push_back(Convert<std::remove_cvref_t<decltype(items)>>::to(items)), ...);
          return list;
        },
        x);
  }
  static void from(const Value& value, T& x, Fields fields, const Path& path) {
    const List& list = value.as<List>(path);
    if (list.size() != size) {
      value.refuse(path, lt::text("a list of ", size));
    }
    std::size_t i = 0;
    const auto read = [&]<class Item>(Item& item) {
      const Key index(i);
      Convert<Item>::from(list[i], item, fields, Path(path, index));
      ++i;
    };
    std::apply([&](auto&... items) { (read(items), ...); }, x);
  }
};

/// Dicts; the keys are texts or whole numbers.
template <class K, class T, class Compare, class A>
requires(std::integral<K> || std::same_as<K, std::string>)
struct Convert<std::map<K, T, Compare, A>> {
  static Value to(const std::map<K, T, Compare, A>& x) {
    Dict dict;
    for (const auto& [key, item] : x) {
      dict[key] = Convert<T>::to(item);
    }
    return dict;
  }
  static void from(const Value& value, std::map<K, T, Compare, A>& x, Fields fields,
                   const Path& path) {
    x.clear();
    for (const Entry& entry : value.as<Dict>(path)) {
      const Path below(path, entry.key);
      T element{};
      Convert<T>::from(entry.value, element, fields, below);
      x.insert_or_assign(key_of(entry.key, below), std::move(element));
    }
  }

 private:
  static K key_of(const Key& key, const Path& path) {
    if constexpr (std::integral<K>) {
      if (key.number() && std::in_range<K>(*key.number())) {
        return static_cast<K>(*key.number());
      }
      throw CheckpointError(lt::text("lt[E223] ", path, ": expected a whole number as key"));
    } else {
      if (key.text()) {
        return *key.text();
      }
      throw CheckpointError(
          lt::text("lt[E223] ", path, ": expected a text as key, found a number"));
    }
  }
};

/// The alternative that is there; it is read into that same alternative.
template <class... Ts>
struct Convert<std::variant<Ts...>> {
  static Value to(const std::variant<Ts...>& x) {
    return std::visit([]<class T>(const T& item) { return Convert<T>::to(item); }, x);
  }
  static void from(const Value& value, std::variant<Ts...>& x, Fields fields, const Path& path) {
    std::visit([&]<class T>(T& item) { Convert<T>::from(value, item, fields, path); }, x);
  }
};

}  // namespace lt::checkpoint
