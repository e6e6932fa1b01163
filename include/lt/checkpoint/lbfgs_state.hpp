// SPDX-License-Identifier: Apache-2.0
// What is special about LBFGS in a checkpoint: one state for all parameters.
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/optim/lbfgs.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace lt::checkpoint::detail {

/// Python keeps step length and scale as plain numbers where they are float64, and lacks the keys
/// that the first iteration adds until then. It takes `al`, its work space, as it finds it: an
/// empty one would be too short.
inline Value param_state_to_value(const optim::LbfgsState& state) {
  if (state.n_iter == 0) {
    return Dict{{"func_evals", state.func_evals}, {"n_iter", state.n_iter}};
  }
  Value value = to_value(state);
  for (const char* name : {"t", "H_diag"}) {
    Value& scalar = value[name];
    if (scalar.is_tensor() && scalar.as<at::Tensor>().scalar_type() == at::kDouble) {
      scalar = scalar.as<double>();
    }
  }
  if (state.al.empty()) {
    value.erase("al");
  }
  return value;
}

/// The vectors run over all parameters, one after the other.
inline void require_flat_shape(const std::vector<optim::LbfgsState>& states,
                               const std::vector<at::Tensor>& params, std::string_view optimizer) {
  std::int64_t count = 0;
  for (const at::Tensor& param : params) {
    count += param.numel();
  }
  const auto require = [&](std::string_view name, const at::Tensor& tensor) {
    if (tensor.defined() && tensor.numel() != count) {
      throw CheckpointError(lt::text("lt[E224] ", optimizer, ": ", name, " of the checkpoint has ",
                                     tensor.numel(), " elements; expected ", count,
                                     ", those of all parameters together"));
    }
  };
  for (const optim::LbfgsState& state : states) {
    require("d", state.d);
    require("prev_flat_grad", state.prev_flat_grad);
    for (const at::Tensor& tensor : state.old_dirs) {
      require("old_dirs", tensor);
    }
    for (const at::Tensor& tensor : state.old_stps) {
      require("old_stps", tensor);
    }
    if (state.old_dirs.size() != state.old_stps.size() ||
        state.old_dirs.size() != state.ro.size()) {
      throw CheckpointError(lt::text("lt[E224] ", optimizer, ": old_dirs, old_stps and ro of the ",
                                     "checkpoint have ", state.old_dirs.size(), ", ",
                                     state.old_stps.size(), " and ", state.ro.size(),
                                     " entries; expected as many of each"));
    }
  }
}

}  // namespace lt::checkpoint::detail
