// SPDX-License-Identifier: Apache-2.0
#include <lt/loops/optimization.hpp>

#include "fake_engine.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

lt::RunState state_at(std::int64_t batch, std::int64_t window, lt::BatchCount batches) {
  lt::RunState state;
  state.plan.accumulate_grad_batches = window;
  state.plan.num_training_batches = batches;
  state.fit.batches.add_ready(batch + 1);
  return state;
}

std::vector<std::int64_t> divisors(std::int64_t window, lt::BatchCount batches, lt::Compat compat,
                                   std::int64_t count) {
  std::vector<std::int64_t> out;
  for (std::int64_t batch = 0; batch < count; ++batch) {
    out.push_back(lt::accumulation_divisor(state_at(batch, window, batches), compat));
  }
  return out;
}

}  // namespace

TEST_CASE("should_accumulate until the window is full or the epoch ends") {
  std::vector<bool> gathers;
  for (std::int64_t batch = 0; batch < 5; ++batch) {
    gathers.push_back(lt::should_accumulate(state_at(batch, 2, 5)));
  }
  CHECK(gathers == std::vector<bool>{true, false, true, false, false});
  CHECK(!lt::should_accumulate(state_at(0, 1, 5)));
}

TEST_CASE("should_accumulate at the end of a stream") {
  lt::RunState state = state_at(0, 4, lt::BatchCount::infinite());
  CHECK(lt::should_accumulate(state));
  state.fit.batches.is_last_batch = true;
  CHECK(!lt::should_accumulate(state));
}

TEST_CASE("the loss is divided by the batches in its window") {
  using Divisors = std::vector<std::int64_t>;
  CHECK(divisors(2, 5, lt::Compat::lt, 5) == Divisors{2, 2, 2, 2, 1});
  CHECK(divisors(4, 6, lt::Compat::lt, 6) == Divisors{4, 4, 4, 4, 2, 2});
  CHECK(divisors(8, 3, lt::Compat::lt, 3) == Divisors{3, 3, 3});
  CHECK(divisors(1, 3, lt::Compat::lt, 3) == Divisors{1, 1, 1});
}

TEST_CASE("Lightning divides by the full window") {
  using Divisors = std::vector<std::int64_t>;
  CHECK(divisors(2, 5, lt::Compat::lightning, 5) == Divisors{2, 2, 2, 2, 2});
  CHECK(divisors(4, lt::BatchCount::infinite(), lt::Compat::lt, 2) == Divisors{4, 4});
}

TEST_CASE("run_automatic: a batch that steps") {
  FakeEngine engine({});
  engine.state().fit.batches.add_ready();
  Batch batch;
  lt::run_automatic(engine, batch, 0, false);
  CHECK(engine.events == std::vector<std::string>{"optimizer_step 0", "training_step 0",
                                                  "optimizer_zero_grad 0", "backward",
                                                  "on_before_optimizer_step"});
  CHECK(engine.state().fit.optimizer_steps.total == lt::Tracker{1, 0, 0, 1});
  CHECK(engine.state().global_step() == 1);
}

TEST_CASE("run_automatic: a batch that only gathers gradients, without an exchange of ranks") {
  FakeEngine engine({});
  engine.state().plan.accumulate_grad_batches = 2;
  engine.state().fit.batches.add_ready();
  int guards = 0;
  engine.on_hook = [&](lt::HookId hook, FakeEngine& e) {
    guards = hook == lt::HookId::backward ? e.without_sync : guards;
  };
  Batch batch;
  lt::run_automatic(engine, batch, 0, false);
  CHECK(engine.events ==
        std::vector<std::string>{"training_step 0", "optimizer_zero_grad 0", "backward"});
  CHECK(guards == 1);
  CHECK(engine.without_sync == 0);
  CHECK(engine.state().global_step() == 0);
}

TEST_CASE("run_automatic: no loss, no backward, but the step counts (skip_step)") {
  FakeEngine engine({});
  engine.step_has_loss = false;
  engine.state().fit.batches.add_ready();
  Batch batch;
  lt::run_automatic(engine, batch, 0, false);
  lt::run_automatic(engine, batch, 0, false);
  CHECK(std::count(engine.events.begin(), engine.events.end(), "backward") == 0);
  CHECK(engine.state().global_step() == 2);
  CHECK(engine.said == std::vector<std::string>{"W021"});
}

TEST_CASE("run_automatic: forward only") {
  FakeEngine engine({});
  engine.state().fit.batches.add_ready();
  Batch batch;
  lt::run_automatic(engine, batch, 0, true);
  CHECK(engine.events == std::vector<std::string>{"optimizer_step 0", "training_step 0",
                                                  "on_before_optimizer_step"});
}

TEST_CASE("run_automatic: an optimizer_step that forgets the closure") {
  FakeEngine engine({});
  engine.calls_closure = false;
  engine.state().fit.batches.add_ready();
  Batch batch;
  CHECK_THROWS_WITH_AS(lt::run_automatic(engine, batch, 0, false), doctest::Contains("lt[E152]"),
                       lt::ConfigError);
}
