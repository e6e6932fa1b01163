// SPDX-License-Identifier: Apache-2.0
// A sample or a batch with a target.
#pragma once

#include <ATen/core/Tensor.h>

namespace lt {

/// Data and target, for one sample or for a batch; the names are those of `torch::data::Example`.
/// Shapes: in a batch the first dimension of both is the batch size.
template <class Data = at::Tensor, class Target = at::Tensor>
struct Example {
  Data data;
  Target target;
};

template <class Data, class Target>
Example(Data, Target) -> Example<Data, Target>;

}  // namespace lt
