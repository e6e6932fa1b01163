// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/messages.hpp"
#include "lt/core/text.hpp"

#include <cstdint>

namespace lt::optim {

/// Warns (W041) when the loss scale has been at its floor for 100 steps: then no scaling helps.
/// To be called after each `update` of the scaler.
template <class Scaler>
void report_scale_floor(const Scaler& scaler, Messages& messages) {
  constexpr std::int64_t many = 100;
  if (scaler.steps_at_floor() == many) {
    messages.warn("W041", text("the loss scale has been below 1 for ", many, " steps (it is ",
                               scaler.get_scale(), " now): the gradients are not finite however "
                               "small they are scaled; look for NaN in data and loss, or use "
                               "bf16-mixed"));
  }
}

}  // namespace lt::optim
