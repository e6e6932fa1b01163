// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/loops.hpp"
#include "support.hpp"

using namespace test;
using ck::loops_from_value;
using ck::loops_to_value;

namespace {

/// A state whose counters are all different, where Lightning saves them.
lt::RunState distinct() {
  std::int64_t next = 1;
  const auto fill = [&](lt::Progress& progress, int count) {
    for (lt::Tracker* tracker : {&progress.total, &progress.current}) {
      tracker->ready = next++;
      tracker->completed = next++;
      tracker->started = count > 2 ? next++ : 0;
      tracker->processed = count > 3 ? next++ : 0;
    }
  };
  lt::RunState state;
  fill(state.fit.epochs, 4);
  fill(state.fit.batches, 4);
  fill(state.fit.val_batches, 4);
  fill(state.fit.schedulers, 2);
  fill(state.fit.optimizer_steps, 2);
  fill(state.fit.zero_grads, 3);
  fill(state.fit.manual_steps, 2);
  fill(state.validate_batches, 4);
  fill(state.test_batches, 4);
  fill(state.predict_batches, 4);
  state.fit.batches.is_last_batch = true;
  state.test_batches.is_last_batch = true;
  state.fit.batches_that_stepped = next;
  return state;
}

}  // namespace

TEST_CASE("loops: exactly Lightning's keys") {
  const ck::Value lightnings = from_json(recorded()["loops"]);
  lt::RunState state;
  loops_from_value(lightnings, state);
  CHECK(difference(loops_to_value(state), lightnings) == "");
  CHECK(difference(lightnings, loops_to_value(state)) == "");
}

TEST_CASE("loops: Lightning's numbers reach their counters") {
  lt::RunState state;
  loops_from_value(from_json(recorded()["loops"]), state);
  CHECK(state.fit.batches_that_stepped == 6);
  CHECK(state.fit.batches.total == lt::Tracker{7, 7, 7, 6});
  CHECK(state.fit.batches.current == lt::Tracker{2, 2, 2, 1});
  CHECK(!state.fit.batches.is_last_batch);
  CHECK(state.fit.val_batches.is_last_batch);
  CHECK(state.fit.epochs.current == lt::Tracker{2, 2, 1, 1});
  CHECK(state.global_step() == 7);
  CHECK(state.current_epoch() == 1);
  CHECK(state.fit.schedulers.current.completed == 2);
  CHECK(state.fit.zero_grads.current.started == 2);
}

TEST_CASE("loops: every counter comes back") {
  const lt::RunState state = distinct();
  lt::RunState other;
  loops_from_value(loops_to_value(state), other);
  CHECK(other.fit == state.fit);
  CHECK(other.validate_batches == state.validate_batches);
  CHECK(other.test_batches == state.test_batches);
  CHECK(other.predict_batches == state.predict_batches);
}

TEST_CASE("loops: what the file lacks stays as it is") {
  const lt::RunState state = distinct();
  lt::RunState other = state;
  ck::Value loops = loops_to_value(lt::RunState());
  loops.erase("test_loop");
  loops["fit_loop"].erase("epoch_progress");
  loops["fit_loop"]["epoch_loop.batch_progress"].erase("is_last_batch");
  loops["fit_loop"]["epoch_loop.batch_progress"]["current"].erase("ready");
  loops_from_value(loops, other);
  CHECK(other.test_batches == state.test_batches);
  CHECK(other.fit.epochs == state.fit.epochs);
  CHECK(other.fit.batches.is_last_batch);
  CHECK(other.fit.batches.current == lt::Tracker{.ready = state.fit.batches.current.ready});
  CHECK(other.validate_batches == lt::BatchProgress());
}

TEST_CASE("loops: errors name the key") {
  ck::Value loops = loops_to_value(lt::RunState());
  loops["fit_loop"]["epoch_loop.batch_progress"]["total"]["ready"] = "many";
  lt::RunState state;
  CHECK(error_of([&] { loops_from_value(loops, state); }) ==
        "lt[E223] loops.fit_loop.epoch_loop.batch_progress.total.ready: expected a whole number, "
        "found the text \"many\"");
  CHECK(!error_of([&] { loops_from_value(ck::Value(1), state); }).empty());
}
