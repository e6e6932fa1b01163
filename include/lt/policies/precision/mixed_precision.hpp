// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/precision.hpp"
#include "lt/policies/precision/autocast.hpp"
#include "lt/policies/precision/convert.hpp"

#include <c10/core/DefaultDtype.h>

namespace lt::precision {

/// Base of the mixed precisions: parameters stay in float32, steps run under autocast to `Type`.
/// Fabric converts what its forward pass gets, the trainer leaves batches alone.
/// Source: Lightning, plugins/precision/amp.py, of fabric and of pytorch.
template <at::ScalarType Type>
class MixedPrecision : public archetype::Precision {
 public:
  template <class Batch>
  void convert_input(Batch& batch) {
    convert_floats(batch, Type);
  }
  template <class Output>
  void convert_output(Output& output) {
    convert_floats(output, c10::get_default_dtype_as_scalartype());
  }
  Autocast step_guard(Device device) { return Autocast(device.type(), Type); }
};

}  // namespace lt::precision
