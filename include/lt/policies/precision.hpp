// SPDX-License-Identifier: Apache-2.0
// Precision: in which number types the model computes. Consulted when the model is set up, around
// each step, in the backward pass and at the optimizer's step.
//
// Satisfied by: F32.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace lt {

/// A precision converts models and batches, guards the steps and owns the optimizer's step.
template <class P>
concept Precision =
    std::same_as<family_of_t<P>, precision_tag> &&
    requires(P& precision, const Tensor& loss, Tensor& batch) {
      { P::name } -> std::convertible_to<std::string_view>;  // Lightning's text, e.g. "32-true"
      { P::metrics_in_double } -> std::convertible_to<bool>;
      precision.convert_input(batch);  // in place, before the batch moves to the device
      precision.step_guard();          // guard around forward
      { precision.scale(loss) } -> std::convertible_to<Tensor>;  // before backward
    };

namespace archetype {
/// The smallest legal precision: everything stays as it is.
struct Precision {
  using policy_family = precision_tag;
  static constexpr std::string_view name = "archetype";
  static constexpr bool metrics_in_double = false;
  struct Guard {
    ~Guard() {}  // a guard is used for its lifetime
  };

  template <class Module>
  void convert_module(Module&) {}
  template <class Batch>
  void convert_input(Batch&) {}
  Guard step_guard() { return {}; }
  Guard init_guard() { return {}; }  // around configure_model
  const Tensor& scale(const Tensor& loss) { return loss; }
};
}  // namespace archetype

namespace precision {
class F32;
/// All precisions, the preferred first.
using all = type_list<F32>;
}  // namespace precision

}  // namespace lt
