// SPDX-License-Identifier: Apache-2.0
// Precision: in which number types the model computes. Consulted when the model is set up, around
// each step, in the backward pass and at the optimizer's step.
//
// Satisfied by: F32, Bf16Mixed, Bf16True, F64, F16Mixed, F16True (all but the first behind
// lt/precision.hpp).
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace lt {

/// A precision converts models and batches and guards the steps.
template <class P>
concept Precision =
    std::same_as<family_of_t<P>, precision_tag> &&
    requires(P& precision, const Tensor& loss, Tensor& batch, Device device) {
      { P::name } -> std::convertible_to<std::string_view>;  // Lightning's text, e.g. "32-true"
      { P::metrics_in_double } -> std::convertible_to<bool>;
      { P::converts_batches } -> std::convertible_to<bool>;  // the trainer's, as they are loaded
      precision.convert_input(batch);   // in place: a batch, or the arguments of Fabric's forward
      precision.convert_output(batch);  // in place: what Fabric's forward returns
      precision.step_guard(device);     // guard around forward
      precision.init_guard();           // guard around the making of layers
      { precision.scale(loss) } -> std::convertible_to<Tensor>;  // before backward
    };

/// A precision that scales the loss also unscales the gradients before they are clipped and leaves
/// out steps with gradients that are not finite. Its state goes into checkpoints.
template <class P>
concept LossScaling = Precision<P> && requires(P& precision, const P& constant) {
  precision.scaler().update();  // an lt::optim::GradScaler
  { P::state_key } -> std::convertible_to<std::string_view>;
  precision.load_state_dict(constant.state_dict());
};

namespace archetype {
/// The smallest legal precision: everything stays as it is.
struct Precision {
  using policy_family = precision_tag;
  static constexpr std::string_view name = "archetype";
  static constexpr bool metrics_in_double = false;
  static constexpr bool converts_batches = false;
  struct Guard {
    ~Guard() {}  // a guard is used for its lifetime
  };

  template <class Module>
  void convert_module(Module&) {}
  template <class Batch>
  void convert_input(Batch&) {}
  template <class Output>
  void convert_output(Output&) {}
  Guard step_guard(Device) { return {}; }
  Guard init_guard() { return {}; }
  const Tensor& scale(const Tensor& loss) { return loss; }
};
}  // namespace archetype

namespace precision {
class F32;
class Bf16Mixed;
class Bf16True;
class F64;
class F16Mixed;
class F16True;
/// All precisions, the preferred first.
using all = type_list<F32, Bf16Mixed, Bf16True, F64, F16Mixed, F16True>;
}  // namespace precision

}  // namespace lt
