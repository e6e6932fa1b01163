// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/timer.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <chrono>

namespace {
struct Fixture {
  explicit Fixture(lt::Timer::Options options) : timer(std::move(options)) {
    timer.set_clock(lt::Clock(&now));
  }
  double now = 100.0;
  lt_test::FakeRun run;
  lt::Timer timer;
};
}  // namespace

TEST_CASE("the time is checked after every step") {
  Fixture f{{.duration = std::chrono::seconds(70)}};
  f.timer.on_fit_start(f.run);
  f.timer.on_train_start(f.run);
  f.now = 169.0;
  f.timer.on_train_batch_end(f.run, 0, 0, 0);
  CHECK_FALSE(f.run.should_stop());
  CHECK(f.timer.time_remaining() == 1.0);
  f.now = 170.5;
  f.timer.on_train_epoch_end(f.run);
  CHECK_FALSE(f.run.should_stop());
  f.timer.on_train_batch_end(f.run, 0, 0, 1);
  CHECK(f.run.should_stop());
  REQUIRE(f.run.said.size() == 1);
  CHECK(f.run.said[0] ==
        "lt[I304] Time limit reached. Elapsed time is 0:01:10. Signaling Trainer to stop.");
}

TEST_CASE("or after every epoch, quietly") {
  Fixture f{{.duration = std::chrono::seconds(1),
             .interval = lt::TimerInterval::epoch,
             .verbose = false}};
  f.timer.on_train_start(f.run);
  f.now = 102.0;
  f.timer.on_train_batch_end(f.run, 0, 0, 0);
  CHECK_FALSE(f.run.should_stop());
  f.timer.on_train_epoch_end(f.run);
  CHECK(f.run.should_stop());
  CHECK(f.run.said.empty());
}

TEST_CASE("no time at all stops before training, no duration never") {
  Fixture none{{.duration = lt::Duration(0.0)}};
  none.timer.on_fit_start(none.run);
  CHECK(none.run.should_stop());
  Fixture free{{}};
  free.timer.on_train_start(free.run);
  free.now = 1e9;
  free.timer.on_fit_start(free.run);
  free.timer.on_train_batch_end(free.run, 0, 0, 0);
  CHECK_FALSE(free.run.should_stop());
  CHECK_FALSE(free.timer.time_remaining());
}

TEST_CASE("each stage has its times") {
  Fixture f{{}};
  CHECK(f.timer.time_elapsed() == 0.0);
  CHECK_FALSE(f.timer.start_time());
  f.timer.on_train_start(f.run);
  f.now = 110.0;
  f.timer.on_validation_start(f.run);
  f.now = 115.0;
  f.timer.on_validation_end(f.run);
  f.now = 120.0;
  CHECK(f.timer.time_elapsed() == 20.0);
  f.timer.on_train_end(f.run);
  f.now = 200.0;
  CHECK(f.timer.time_elapsed() == 20.0);
  CHECK(f.timer.time_elapsed(lt::Stage::validate) == 5.0);
  CHECK(f.timer.end_time(lt::Stage::validate) == 115.0);
  CHECK(f.timer.time_elapsed(lt::Stage::test) == 0.0);
}

TEST_CASE("the time of the runs before counts") {
  Fixture f{{.duration = std::chrono::seconds(30)}};
  f.timer.on_train_start(f.run);
  f.now = 120.0;
  const lt::TimerState state = f.timer.state_dict();
  CHECK(state.time_elapsed.train == 20.0);
  CHECK(f.timer.state_key() == "Timer");

  Fixture g{{.duration = std::chrono::seconds(30)}};
  g.timer.load_state_dict(state);
  g.timer.on_fit_start(g.run);
  CHECK_FALSE(g.run.should_stop());
  g.timer.on_train_start(g.run);
  g.now = 110.0;
  g.timer.on_train_batch_end(g.run, 0, 0, 0);
  CHECK(g.run.should_stop());
}
