// SPDX-License-Identifier: Apache-2.0
#include <lt/core/schedule_options.hpp>

#include <doctest/doctest.h>

static_assert(lt::Reflected<lt::ScheduleOptions>);
static_assert(lt::field_count<lt::ScheduleOptions> == 6);

TEST_CASE("the defaults are Lightning's") {
  const lt::ScheduleOptions options;
  CHECK(options.interval == lt::ScheduleInterval::epoch);
  CHECK(options.frequency == 1);
  CHECK(options.monitor.empty());
  CHECK(options.strict);
  CHECK(options.name.empty());
}

TEST_CASE("names of intervals") {
  CHECK(lt::text(lt::ScheduleInterval::epoch, " ", lt::ScheduleInterval::step) == "epoch step");
}
