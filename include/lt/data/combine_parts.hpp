// SPDX-License-Identifier: Apache-2.0
// How CombinedLoader walks the structures it takes: tuples, named tuples, vectors and maps.
#pragma once

#include "lt/core/loader.hpp"
#include "lt/data/named.hpp"
#include "lt/data/pass_cursor.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt::detail {

// A loader with its name taken off.
template <class L>
auto& unnamed(L& loader) {
  if constexpr (is_named<std::remove_const_t<L>>) {
    return loader.value;
  } else {
    return loader;
  }
}

template <class L>
using Unnamed = std::remove_cvref_t<decltype(unnamed(std::declval<L&>()))>;

template <class L, bool Optional>
using part_batch =
    std::conditional_t<Optional, std::optional<batch_of<Unnamed<L>>>, batch_of<Unnamed<L>>>;

// The current batch of a cursor, or nothing when it has ended.
template <class L, bool Optional>
part_batch<L, Optional> current(std::optional<PassCursor<Unnamed<L>>>& cursor) {
  if constexpr (Optional) {
    return cursor->ended() ? std::nullopt : part_batch<L, true>(**cursor);
  } else {
    return **cursor;
  }
}

template <class L>
void set_loader_epoch(L& loader, std::int64_t epoch) {
  if constexpr (requires { loader.set_epoch(epoch); }) {
    loader.set_epoch(epoch);
  }
}

// One type for all: itself where they are the same, else a variant of the different ones.
template <class Done, class... Ts>
struct UniqueVariant;
template <class... Done>
struct UniqueVariant<std::variant<Done...>> {
  using type = std::variant<Done...>;
};
template <class... Done, class T, class... Ts>
struct UniqueVariant<std::variant<Done...>, T, Ts...>
    : std::conditional_t<(std::is_same_v<T, Done> || ...),
                         UniqueVariant<std::variant<Done...>, Ts...>,
                         UniqueVariant<std::variant<Done..., T>, Ts...>> {};

template <class... Ts>
struct CommonBatch : UniqueVariant<std::variant<>, Ts...> {};
template <class T, std::same_as<T>... Same>
struct CommonBatch<T, Same...> {
  using type = T;
};

/// Per structure: the cursors of a pass, the batch, and the walks over both.
template <class Structure>
struct CombineParts {
  static_assert(sizeof(Structure) == 0,
                "combine takes loaders, or a tuple, vector or map of loaders");
};

template <class... Ls>
struct CombineParts<std::tuple<Ls...>> {
  using structure = std::tuple<Ls...>;
  using cursors_type = std::tuple<std::optional<PassCursor<Unnamed<Ls>>>...>;
  static constexpr bool has_names = sizeof...(Ls) > 0 && (is_named<Ls> && ...);

  template <class L, bool Optional>
  struct Entry : L {
    using type = part_batch<L, Optional>;
  };

  template <bool Named, bool Optional>
  struct BatchOf {
    using type = std::tuple<part_batch<Ls, Optional>...>;
  };
  template <bool Optional>
  struct BatchOf<true, Optional> {
    using type = NamedBatch<Entry<Ls, Optional>...>;
  };
  template <bool Optional>
  using batch = typename BatchOf<has_names, Optional>::type;

  using any_batch = typename CommonBatch<batch_of<Unnamed<Ls>>...>::type;

  static std::size_t count(const structure&) { return sizeof...(Ls); }
  static cursors_type cursors(const structure&) { return {}; }

  template <class F>
  static bool each(structure& loaders, cursors_type& cursors, F&& f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (f(unnamed(std::get<I>(loaders)), std::get<I>(cursors), I) && ...);
    }(std::index_sequence_for<Ls...>{});
  }

  template <bool Optional>
  static batch<Optional> collect(cursors_type& cursors) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return batch<Optional>{current<Ls, Optional>(std::get<I>(cursors))...};
    }(std::index_sequence_for<Ls...>{});
  }

  template <class S, class F>
  static void for_each(S& loaders, F&& f) {
    std::apply([&](auto&... loader) { (f(unnamed(loader)), ...); }, loaders);
  }

  static void set_epoch(structure& loaders, std::int64_t epoch) {
    for_each(loaders, [&](auto& loader) { set_loader_epoch(loader, epoch); });
  }
};

template <Loader L>
struct CombineParts<std::vector<L>> {
  using structure = std::vector<L>;
  using cursors_type = std::vector<std::optional<PassCursor<L>>>;
  template <bool Optional>
  using batch = std::vector<part_batch<L, Optional>>;
  using any_batch = batch_of<L>;

  static std::size_t count(const structure& loaders) { return loaders.size(); }
  static cursors_type cursors(const structure& loaders) { return cursors_type(loaders.size()); }

  template <class F>
  static bool each(structure& loaders, cursors_type& cursors, F&& f) {
    for (std::size_t i = 0; i < loaders.size(); ++i) {
      if (!f(loaders[i], cursors[i], i)) {
        return false;
      }
    }
    return true;
  }

  template <bool Optional>
  static batch<Optional> collect(cursors_type& cursors) {
    batch<Optional> collected;
    collected.reserve(cursors.size());
    for (auto& cursor : cursors) {
      collected.push_back(current<L, Optional>(cursor));
    }
    return collected;
  }

  template <class S, class F>
  static void for_each(S& loaders, F&& f) {
    for (auto& loader : loaders) {
      f(loader);
    }
  }

  static void set_epoch(structure& loaders, std::int64_t epoch) {
    for_each(loaders, [&](auto& loader) { set_loader_epoch(loader, epoch); });
  }
};

template <class Key, Loader L>
struct CombineParts<std::map<Key, L>> {
  using structure = std::map<Key, L>;
  using cursors_type = std::map<Key, std::optional<PassCursor<L>>>;
  template <bool Optional>
  using batch = std::map<Key, part_batch<L, Optional>>;
  using any_batch = batch_of<L>;

  static std::size_t count(const structure& loaders) { return loaders.size(); }

  static cursors_type cursors(const structure& loaders) {
    cursors_type cursors;
    for (const auto& entry : loaders) {
      cursors.try_emplace(entry.first);
    }
    return cursors;
  }

  template <class F>
  static bool each(structure& loaders, cursors_type& cursors, F&& f) {
    std::size_t i = 0;
    for (auto& entry : loaders) {
      if (!f(entry.second, cursors.at(entry.first), i++)) {
        return false;
      }
    }
    return true;
  }

  template <bool Optional>
  static batch<Optional> collect(cursors_type& cursors) {
    batch<Optional> collected;
    for (auto& entry : cursors) {
      collected.emplace(entry.first, current<L, Optional>(entry.second));
    }
    return collected;
  }

  template <class S, class F>
  static void for_each(S& loaders, F&& f) {
    for (auto& entry : loaders) {
      f(entry.second);
    }
  }

  static void set_epoch(structure& loaders, std::int64_t epoch) {
    for_each(loaders, [&](auto& loader) { set_loader_epoch(loader, epoch); });
  }
};

}  // namespace lt::detail
