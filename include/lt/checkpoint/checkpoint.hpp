// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/value.hpp"

namespace lt {

/// A checkpoint in memory, under Lightning's keys: `epoch`, `global_step`, `state_dict`, `loops`,
/// `callbacks`, `optimizer_states`, `lr_schedulers`, ... What `on_save_checkpoint` and
/// `on_load_checkpoint` get.
using Checkpoint = checkpoint::Value;

}  // namespace lt
