// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace lt::optim {

/// Parameters that are updated with the same options: one entry of Python's `param_groups`.
template <class Options>
struct ParamGroup {
  std::vector<at::Tensor> params{};
  Options options{};
  std::string name{};                     ///< shown by learning-rate monitors; may be empty
  std::optional<double> initial_lr{};     ///< written by schedulers, as are the four below
  std::optional<double> max_lr{};         ///< OneCycleLR
  std::optional<double> min_lr{};         ///< OneCycleLR
  std::optional<double> max_momentum{};   ///< OneCycleLR, CyclicLR
  std::optional<double> base_momentum{};  ///< OneCycleLR, CyclicLR
};

}  // namespace lt::optim
