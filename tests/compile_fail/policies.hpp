// SPDX-License-Identifier: Apache-2.0
// Policies without LibTorch and the types of a small run, for the files of this folder.
#pragma once

#include <lt/core/hook_checks.hpp>
#include <lt/core/parts.hpp>
#include <lt/core/rules.hpp>
#include <lt/core/run_view.hpp>

#include <cstdint>

struct Strategy {
  using policy_family = lt::strategy_tag;
};
struct Accelerator {
  using policy_family = lt::accelerator_tag;
};
struct Precision {
  using policy_family = lt::precision_tag;
};
struct Profiler {
  using policy_family = lt::profiler_tag;
};
struct CheckpointIo {
  using policy_family = lt::checkpoint_io_tag;
};
struct Environment {
  using policy_family = lt::environment_tag;
};
struct Bar {
  static constexpr auto substitute = lt::DefaultPart::progress_bar;
};

struct Batch {
  int pixels = 0;
};

struct Types {
  using Context = lt::RunView;
  using TrainBatch = Batch;
  using TrainOutputs = double;
  using ValBatch = Batch;
  using ValOutputs = double;
};
