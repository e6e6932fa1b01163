// SPDX-License-Identifier: Apache-2.0
// Making a batch out of samples.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/example.hpp"
#include "lt/data/index_tensor.hpp"
#include "lt/data/tensor_tree.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack_ops.h>
#include <boost/hana/at.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {
namespace detail {

// The tensor type that numbers of type T become. Integers become int64 whatever their width, as
// class labels are wanted.
template <class T>
inline constexpr at::ScalarType number_dtype = std::same_as<T, bool>    ? at::kBool
                                               : std::integral<T>       ? at::kLong
                                               : std::same_as<T, float> ? at::kFloat
                                                                        : at::kDouble;

template <class T>
using number_storage = std::conditional_t<
    std::same_as<T, bool>, bool,
    std::conditional_t<std::integral<T>, std::int64_t,
                       std::conditional_t<std::same_as<T, float>, float, double>>>;

// The type of a batch of aggregates T.
template <class T>
struct BatchType {
  using type = T;
};
template <class T>
  requires requires { typename T::batch_type; }
struct BatchType<T> {
  using type = typename T::batch_type;
};

template <class T>
inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_example = false;
template <class D, class T>
inline constexpr bool is_example<Example<D, T>> = true;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

}  // namespace detail

/// Stacks samples as `torch.utils.data.default_collate` does. Per sample type: a tensor [...]
/// gives [batch, ...]; a number a tensor [batch] (float32, float64, bool, integers as int64); a
/// text a vector of texts; `Example`, tuple, pair, array, vector, map and reflected aggregates are
/// collated field by field. A reflected aggregate stays the same type, so its fields must be
/// tensors, or it names the type of its batches (`using batch_type = ...;`, reflected, with as
/// many fields).
/// Errors: `DataError` when there is no sample, or vectors or maps of different sizes; LibTorch's
/// own when tensors differ in shape.
struct DefaultCollate {
  template <class Sample>
  auto operator()(std::span<const Sample> samples) const {
    if (samples.empty()) {
      throw DataError("collate: no samples; expected at least one");
    }
    return collate(samples, std::identity{});
  }

  template <class Sample>
  auto operator()(const std::vector<Sample>& samples) const {
    return (*this)(std::span<const Sample>(samples));
  }

 private:
  // `part` picks out of a sample what is collated here.
  template <class Sample, class Part>
  static auto collate(std::span<const Sample> samples, Part part) {
    using T = std::remove_cvref_t<decltype(part(samples.front()))>;
    if constexpr (detail::TensorLeaf<T>) {
      std::vector<at::Tensor> tensors;
      tensors.reserve(samples.size());
      for (const Sample& sample : samples) {
        tensors.push_back(part(sample));
      }
      return at::_ops::stack::call(tensors, 0);
    } else if constexpr (std::is_arithmetic_v<T>) {
      using Storage = detail::number_storage<T>;
      at::Tensor numbers =
          empty_tensor({static_cast<std::int64_t>(samples.size())}, detail::number_dtype<T>);
      Storage* to = numbers.mutable_data_ptr<Storage>();
      for (const Sample& sample : samples) {
        *to++ = static_cast<Storage>(part(sample));
      }
      return numbers;
    } else if constexpr (detail::TextLike<T>) {
      std::vector<std::string> texts;
      for (const Sample& sample : samples) {
        texts.emplace_back(part(sample));
      }
      return texts;
    } else if constexpr (detail::is_example<T>) {
      auto data = collate(samples, [&](const Sample& s) -> const auto& { return part(s).data; });
      auto target =
          collate(samples, [&](const Sample& s) -> const auto& { return part(s).target; });
      return Example<decltype(data), decltype(target)>{std::move(data), std::move(target)};
    } else if constexpr (detail::MapLike<T>) {
      return collate_map<T>(samples, part);
    } else if constexpr (detail::is_vector<T>) {
      return collate_vector(samples, part);
    } else if constexpr (detail::TupleLike<T>) {
      return collate_tuple<T>(samples, part,
                              std::make_index_sequence<std::tuple_size_v<T>>{});
    } else if constexpr (Reflected<T>) {
      return collate_aggregate<T>(samples, part);
    } else {
      static_assert(detail::TensorLeaf<T>,
                    "the default collate does not know this sample type; Fix: reflect it with "
                    "LT_REFLECT, or give the loader a collate function");
    }
  }

  template <class T, class Sample, class Part, std::size_t... I>
  static auto collate_tuple(std::span<const Sample> samples, Part part,
                            std::index_sequence<I...>) {
    auto element = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      return collate(samples,
                     [&](const Sample& s) -> const auto& { return std::get<J>(part(s)); });
    };
    if constexpr (detail::is_array<T>) {
      return std::array{element(std::integral_constant<std::size_t, I>{})...};
    } else if constexpr (detail::is_pair<T>) {
      return std::pair{element(std::integral_constant<std::size_t, I>{})...};
    } else {
      return std::tuple{element(std::integral_constant<std::size_t, I>{})...};
    }
  }

  template <class Sample, class Part>
  static auto collate_vector(std::span<const Sample> samples, Part part) {
    const std::size_t length = part(samples.front()).size();
    for (const Sample& sample : samples) {
      check_size("vector", part(sample).size(), length);
    }
    auto at = [&](std::size_t i) {
      return collate(samples, [&](const Sample& s) -> const auto& { return part(s)[i]; });
    };
    std::vector<decltype(at(0))> fields;
    for (std::size_t i = 0; i < length; ++i) {
      fields.push_back(at(i));
    }
    return fields;
  }

  template <class T, class Sample, class Part>
  static auto collate_map(std::span<const Sample> samples, Part part) {
    for (const Sample& sample : samples) {
      check_size("map", part(sample).size(), part(samples.front()).size());
    }
    auto at = [&](const typename T::key_type& key) {
      return collate(samples, [&](const Sample& s) -> const auto& {
        const auto& map = part(s);
        const auto found = map.find(key);
        if (found == map.end()) {
          throw DataError("collate: a sample lacks a key that the first sample has");
        }
        return found->second;
      });
    };
    std::map<typename T::key_type, decltype(at(std::declval<typename T::key_type>()))> fields;
    for (const auto& entry : part(samples.front())) {
      fields.emplace(entry.first, at(entry.first));
    }
    return fields;
  }

  template <class T, class Sample, class Part>
  static auto collate_aggregate(std::span<const Sample> samples, Part part) {
    using Batch = typename detail::BatchType<T>::type;
    static_assert(field_count<Batch> == field_count<T>,
                  "a sample type and its batch_type must have the same number of fields");
    Batch batch{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (collate_field(samples, part, boost::hana::at_c<I>(fields_of<T>).member,
                     batch.*(boost::hana::at_c<I>(fields_of<Batch>).member)),
       ...);
    }(std::make_index_sequence<field_count<T>>{});
    return batch;
  }

  template <class Sample, class Part, class T, class Value, class Field>
  static void collate_field(std::span<const Sample> samples, Part part, Value T::* member,
                            Field& field) {
    field = collate(samples, [&](const Sample& s) -> const auto& { return part(s).*member; });
  }

  static void check_size(const char* what, std::size_t found, std::size_t expected) {
    if (found != expected) {
      throw DataError("collate: a sample's " + std::string(what) + " has " +
                      std::to_string(found) + " elements; expected " + std::to_string(expected) +
                      " as in the first sample");
    }
  }
};

/// A batch made of the samples by the default collate.
template <class Sample>
auto collate(const std::vector<Sample>& samples) {
  return DefaultCollate{}(samples);
}

}  // namespace lt
