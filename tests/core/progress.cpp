// SPDX-License-Identifier: Apache-2.0
#include <lt/core/progress.hpp>

#include <doctest/doctest.h>

TEST_CASE("an attempt passes through four counters, in total and in the current run") {
  lt::Progress progress;
  progress.add_ready();
  progress.add_started();
  progress.add_processed();
  CHECK(progress.total == lt::Tracker{1, 1, 1, 0});
  CHECK(progress.current == progress.total);
  progress.add_completed();
  CHECK(progress.total == lt::Tracker{1, 1, 1, 1});
}

TEST_CASE("a fresh run forgets the current counters only") {
  lt::Progress progress;
  progress.add(3);
  progress.reset_on_run();
  CHECK(progress.current == lt::Tracker{});
  CHECK(progress.total == lt::Tracker{3, 3, 3, 3});
}

TEST_CASE("a restart forgets an attempt that was cut off") {
  lt::Progress progress;
  progress.add(2);
  progress.add_ready();
  progress.add_started();
  progress.reset_on_restart();
  CHECK(progress.current == lt::Tracker{2, 2, 2, 2});
  CHECK(progress.total == lt::Tracker{3, 3, 2, 2});
}

TEST_CASE("batches know the last of an epoch") {
  lt::BatchProgress progress;
  progress.add(4, true);
  CHECK(progress.is_last_batch);
  progress.reset_on_restart();
  CHECK(progress.is_last_batch);
  progress.reset_on_run();
  CHECK(!progress.is_last_batch);
  CHECK(progress.current == lt::Tracker{});
}
