// SPDX-License-Identifier: Apache-2.0
#include <lt/core/run_state.hpp>

#include <lt/core/text.hpp>

#include <doctest/doctest.h>

TEST_CASE("a fresh run") {
  const lt::RunState state;
  CHECK(state.current_epoch() == 0);
  CHECK(state.global_step() == 0);
  CHECK(state.batch_idx() == -1);
  CHECK(state.total_batch_idx() == -1);
  CHECK(state.plan.num_training_batches.is_infinite());
}

TEST_CASE("global_step counts optimizer steps, those of all optimizers under manual optimization") {
  lt::RunState state;
  state.fit.optimizer_steps.add(3);
  state.fit.manual_steps.add(8);
  CHECK(state.global_step() == 3);
  state.automatic_optimization = false;
  CHECK(state.global_step() == 8);
}

TEST_CASE("batch_idx within the epoch and over all epochs") {
  lt::RunState state;
  state.fit.batches.add(4, true);
  state.fit.batches.reset_on_run();
  state.fit.batches.add_ready();
  CHECK(state.batch_idx() == 0);
  CHECK(state.total_batch_idx() == 4);
}

TEST_CASE("the epoch is the number of completed epochs") {
  lt::RunState state;
  state.fit.epochs.add_ready();
  state.fit.epochs.add_started();
  state.fit.epochs.add_processed();
  CHECK(state.current_epoch() == 0);
  state.fit.epochs.add_completed();
  CHECK(state.current_epoch() == 1);
}

TEST_CASE("names") {
  CHECK(lt::text(lt::RunFn::fit, " ", lt::RunFn::predict) == "fit predict");
  CHECK(lt::text(lt::Stage::sanity_check, " ", lt::Stage::predict) == "sanity_check predict");
  CHECK(lt::text(lt::Status::initializing, " ", lt::Status::interrupted) ==
        "initializing interrupted");
  CHECK(lt::text(lt::StopReason::max_steps, " ", lt::StopReason::should_stop) ==
        "max_steps should_stop");
}
