// SPDX-License-Identifier: Apache-2.0
// What a training step returned, and the loss in it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/tensor_tree.hpp"
#include "lt/tensor.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lt {

/// Stands for the result of a step that returns nothing.
struct Nothing {};

namespace detail {
template <class T>
inline constexpr bool is_optional_result = false;
template <class T>
inline constexpr bool is_optional_result<std::optional<T>> = true;

template <class R>
constexpr bool has_loss_member = requires(R& result) { result.loss; };
template <class R>
constexpr bool is_loss_map = std::is_same_v<R, std::map<std::string, Tensor>>;

/// The loss in a result; undefined when there is none.
template <class R>
Tensor find_loss(const R& result) {
  if constexpr (std::is_same_v<R, Tensor>) {
    return result;
  } else if constexpr (is_optional_result<R>) {
    return result ? find_loss(*result) : Tensor();
  } else if constexpr (has_loss_member<R>) {
    return result.loss;
  } else if constexpr (is_loss_map<R>) {
    const auto entry = result.find("loss");
    return entry == result.end() ? Tensor() : entry->second;
  } else {
    return {};
  }
}

/// True when the result says "no loss this time" rather than forgetting it.
template <class R>
bool is_skip(const R& result) {
  if constexpr (std::is_same_v<R, Tensor>) {
    return !result.defined();
  } else if constexpr (is_optional_result<R>) {
    return !result || is_skip(*result);
  } else if constexpr (std::is_same_v<R, Nothing>) {
    return true;
  } else {
    return false;
  }
}
}  // namespace detail

/// A return type of training_step from which a loss can be taken: a tensor, an aggregate or a map
/// with `loss`, or an optional of one of these.
template <class R>
struct is_step_result : std::bool_constant<std::is_same_v<R, Tensor> ||
                                           detail::has_loss_member<R> || detail::is_loss_map<R>> {};
template <class R>
struct is_step_result<std::optional<R>> : is_step_result<R> {};

/// The outputs that `on_train_batch_end` gets: what training_step returned, and its loss as it was
/// used (divided by the accumulation window under automatic optimization).
template <class R>
class StepOutput {
 public:
  /// What training_step returned. Errors: std::bad_optional_access when no step ran.
  const R& result() const { return result_.value(); }
  bool has_result() const { return result_.has_value(); }

  bool has_loss() const { return loss_.defined(); }
  /// The loss without its graph; undefined when the step returned none.
  Tensor loss() const { return loss_.defined() ? loss_.detach() : Tensor(); }
  /// The loss with its graph, until the batch has ended.
  const Tensor& loss_with_graph() const { return loss_; }

  /// Puts `f(tensor)` in the place of each tensor, without its graph; the loss comes last.
  template <class F>
  void replace_tensors(F&& f) {
    const auto replace = [&](Tensor& tensor) {
      if (tensor.defined()) {
        tensor = f(tensor.detach());
      }
    };
    if (result_) {
      if constexpr (TensorTree<R>) {
        for_each_tensor(*result_, replace);
      } else if constexpr (detail::has_loss_member<R>) {
        replace(result_->loss);
      }
    }
    replace(loss_);
  }

  void clear() {
    result_.reset();
    loss_.reset();
  }
  /// Keeps a result. Under automatic optimization its loss is divided by `divisor`.
  /// Errors: lt::ConfigError when the result should hold a loss and does not.
  void set(R result, bool automatic, std::int64_t divisor) {
    result_.emplace(std::move(result));
    loss_ = detail::find_loss(*result_);
    if (!automatic) {
      return;
    }
    if (!loss_.defined() && !detail::is_skip(*result_)) {
      throw ConfigError(
          "lt[E155] training_step returned values without `loss`; expected a loss under automatic "
          "optimization");
    }
    if (loss_.defined() && divisor != 1) {
      loss_ = loss_.div(at::Scalar(divisor));
    }
  }

 private:
  std::optional<R> result_;
  Tensor loss_;
};

}  // namespace lt
