// SPDX-License-Identifier: Apache-2.0
// Counts what a training step costs with lt::Trainer beyond the same step in a hand-written loop.
//
//   counts allocations    heap allocations of 1,000 steps, one value logged at each
//   counts instructions   under callgrind: one dump per loop, which check_instructions.py reads
#include "heap.hpp"
#include "mlp.hpp"

#include <ATen/Parallel.h>
#include <valgrind/callgrind.h>

#include <cstdint>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// The counted steps; those before them warm up LibTorch's caches and the free lists.
constexpr std::int64_t warm_up = 100;
constexpr std::int64_t counted = 1000;
constexpr std::int64_t counted_by_callgrind = 300;  // it is slow

/// Notes the number of allocations when the counted steps begin and when they are over.
struct AllocationProbe {
  static inline std::int64_t begin = 0;
  static inline std::int64_t end = 0;
  static void at_step(std::int64_t batch_idx) {
    if (batch_idx == warm_up) {
      begin = heap::allocations();
    } else if (batch_idx == warm_up + counted) {
      end = heap::allocations();
    }
  }
};

/// Has callgrind count the instructions of the counted steps.
struct InstructionProbe {
  static inline const char* loop = "";
  static void at_step(std::int64_t batch_idx) {
    if (batch_idx == warm_up) {
      CALLGRIND_START_INSTRUMENTATION;
      CALLGRIND_ZERO_STATS;
    } else if (batch_idx == warm_up + counted_by_callgrind) {
      CALLGRIND_DUMP_STATS_AT(loop);
      CALLGRIND_STOP_INSTRUMENTATION;
    }
  }
};

/// A callback with nothing to do at a batch.
template <std::size_t>
struct Idle {
  int runs = 0;
  void on_fit_start(lt::RunView&) { ++runs; }
};

/// A callback that allocates at each batch: the counting must see it.
struct Allocates {
  std::vector<int> kept;
  template <class Outputs, class Batch>
  void on_train_batch_end(lt::RunView&, const Outputs&, const Batch&, std::int64_t) {
    kept = std::vector<int>(1);
  }
};

using lt::optim::SGD;

std::vector<mlp::Batch> batches(std::int64_t steps) {
  return mlp::make_batches(warm_up + steps + 1, 32, 64, 10);
}
const std::vector<std::int64_t> widths{64, 32, 10};

template <class... Parts>
std::int64_t allocations_by_lt(Parts... parts) {
  mlp::Network<SGD, AllocationProbe, true> model(widths);
  mlp::train_by_lt(model, batches(counted), mlp::logging_options(), std::move(parts)...);
  return AllocationProbe::end - AllocationProbe::begin;
}

int count_allocations() {
  mlp::Network<SGD, AllocationProbe, true> model(widths);
  mlp::train_by_hand(model, batches(counted));
  const std::int64_t by_hand = AllocationProbe::end - AllocationProbe::begin;
  const std::int64_t by_lt = allocations_by_lt();
  const std::int64_t with_allocating_callback = allocations_by_lt(Allocates());

  std::cout << "allocations in " << counted << " steps: " << by_hand << " by hand, " << by_lt
            << " by lt, difference " << by_lt - by_hand << '\n';
  if (by_hand <= 0 || with_allocating_callback != by_lt + counted) {
    std::cout << "a callback that allocates once a step adds " << with_allocating_callback - by_lt
              << "; expected " << counted << '\n';
    return 1;
  }
  return by_lt == by_hand ? 0 : 1;
}

template <std::size_t... I>
void train_with_idle_callbacks(std::index_sequence<I...>) {
  mlp::Network<SGD, InstructionProbe> model(widths);
  mlp::train_by_lt(model, batches(counted_by_callgrind), mlp::bare_options(), Idle<I>()...);
}

int count_instructions() {
  {
    InstructionProbe::loop = "by hand";
    mlp::Network<SGD, InstructionProbe> model(widths);
    mlp::train_by_hand(model, batches(counted_by_callgrind));
  }
  {
    InstructionProbe::loop = "by lt";
    mlp::Network<SGD, InstructionProbe> model(widths);
    mlp::train_by_lt(model, batches(counted_by_callgrind), mlp::bare_options());
  }
  {
    InstructionProbe::loop = "by lt with 32 idle callbacks";
    train_with_idle_callbacks(std::make_index_sequence<32>());
  }
  {
    // Checkpoints, progress and a logger, with nothing due at the counted steps.
    InstructionProbe::loop = "by lt with the usual parts";
    mlp::Network<SGD, InstructionProbe, true> model(widths);
    mlp::train_by_lt(model, batches(counted_by_callgrind), {.max_epochs = 1, .log_every_n_steps = 2 * counted});
  }
  std::cout << "counted steps: " << counted_by_callgrind << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);
  heap::use_for_tensors();
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "allocations") {
    return count_allocations();
  }
  if (what == "instructions") {
    return count_instructions();
  }
  std::cerr << "usage: counts allocations|instructions\n";
  return 2;
}
