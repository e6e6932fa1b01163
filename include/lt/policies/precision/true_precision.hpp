// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision.hpp"
#include "lt/policies/precision/convert.hpp"
#include "lt/policies/precision/default_dtype.hpp"

namespace lt::precision {

/// Base of the precisions in which everything has one type: parameters, buffers, batches, and what
/// a step creates. Source: Lightning, plugins/precision/double.py and half.py.
template <at::ScalarType Type>
class TruePrecision : public archetype::Precision {
 public:
  static constexpr bool converts_batches = true;

  template <class Module>
  void convert_module(Module& module) {
    precision::convert_module(module, Type);
  }
  template <class Batch>
  void convert_input(Batch& batch) {
    convert_floats(batch, Type);
  }
  template <class Output>
  void convert_output(Output& output) {
    convert_floats(output, c10::get_default_dtype_as_scalartype());
  }
  DefaultDtype step_guard(Device) { return DefaultDtype(Type); }
  DefaultDtype init_guard() { return DefaultDtype(Type); }
};

}  // namespace lt::precision
