// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/tuner/batch_search.hpp"

#include <cstdint>
#include <optional>

namespace lt {

/// Lightning's arguments of `Tuner.scale_batch_size`, and a limit for the memory of tensors on the
/// CPU, in bytes: what a trial may occupy beyond what exists before the search.
struct ScaleBatchSizeOptions {
  BatchSizeMode mode = BatchSizeMode::power;
  std::int64_t steps_per_trial = 3;
  std::int64_t init_val = 2;
  std::int64_t max_trials = 25;
  Text batch_arg_name = "batch_size";
  double margin = 0.05;
  std::int64_t max_val = 8192;
  std::optional<std::int64_t> memory_budget{};
};

}  // namespace lt

LT_REFLECT(lt::ScaleBatchSizeOptions, (mode, "power: doubled; binsearch: closed in on"),
           (steps_per_trial, "optimizer steps, or batches of an evaluation, with each size"),
           (init_val, "first size to try"), (max_trials, "sizes to try at most"),
           (batch_arg_name, "name of the attribute"),
           (margin, "part by which the size that binsearch found is reduced"),
           (max_val, "largest size to try"),
           (memory_budget, "bytes that tensors on the CPU may occupy; none: what the machine has"))

LT_CHECKS(lt::ScaleBatchSizeOptions,
          LT_CHECK(E775, steps_per_trial, o.steps_per_trial >= 1, "must be 1 or more"),
          LT_CHECK(E776, init_val, o.init_val >= 1 && o.init_val <= o.max_val,
                   "must be 1 or more, and not above max_val"),
          LT_CHECK(E777, max_trials, o.max_trials >= 1, "must be 1 or more"),
          LT_CHECK(E778, margin, o.margin >= 0 && o.margin < 1,
                   "must be 0 or more and less than 1"),
          LT_CHECK(E779, memory_budget, !o.memory_budget || *o.memory_budget > 0,
                   "must be a number of bytes above 0"))
