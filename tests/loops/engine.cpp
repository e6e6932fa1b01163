// SPDX-License-Identifier: Apache-2.0
#include <lt/loops/engine.hpp>

#include "fake_engine.hpp"

#include <doctest/doctest.h>

static_assert(lt::Engine<FakeEngine>);
static_assert(lt::BatchSource<FakeSource>);
static_assert(lt::MetricKeeper<FakeMetrics, Batch>);
static_assert(!lt::Engine<FakeSource>);
static_assert(!lt::BatchSource<FakeMetrics>);

TEST_CASE("limit_reached") {
  CHECK(!lt::limit_reached(2, 3));
  CHECK(lt::limit_reached(3, 3));
  CHECK(lt::limit_reached(4, 3));
  CHECK(!lt::limit_reached(4, -1));
  CHECK(lt::limit_reached(0, 0));
}

TEST_CASE("can_stop_early waits for min_epochs and min_steps") {
  lt::RunState state;
  CHECK(lt::can_stop_early(state, {}));

  state.plan.min_epochs = 1;
  CHECK(!lt::can_stop_early(state, {}));
  state.fit.epochs.add(1);
  CHECK(lt::can_stop_early(state, {}));

  CHECK(!lt::can_stop_early(state, {.min_steps = 2}));
  state.fit.optimizer_steps.add(2);
  CHECK(lt::can_stop_early(state, {.min_steps = 2}));
}
