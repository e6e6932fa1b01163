// SPDX-License-Identifier: Apache-2.0
#include "lt/core/duration_text.hpp"

#include <doctest/doctest.h>

TEST_CASE("durations are read as DD:HH:MM:SS") {
  CHECK(lt::parse_duration("00:00:00:05").count() == 5.0);
  CHECK(lt::parse_duration("00:12:00:00").count() == 43200.0);
  CHECK(lt::parse_duration("123:01:01:01").count() == 123 * 86400.0 + 3661.0);
}

TEST_CASE("other texts are refused with the name of the option") {
  for (const char* wrong : {"", "1", "12:00:00", "00:1:00:00", "00:00:00:000", "00:00:00:5s",
                            "-1:00:00:00", "00:00:00:00:00", "aa:00:00:00"}) {
    CAPTURE(wrong);
    CHECK_THROWS_WITH_AS(lt::parse_duration(wrong, "max_time"), doctest::Contains("max_time = '"),
                         lt::ConfigError);
  }
}

TEST_CASE("seconds are shown as hours, minutes and seconds") {
  CHECK(lt::hours_text(0.0) == "0:00:00");
  CHECK(lt::hours_text(59.9) == "0:00:59");
  CHECK(lt::hours_text(3661.0) == "1:01:01");
  CHECK(lt::hours_text(90000.0) == "1 day, 1:00:00");
  CHECK(lt::hours_text(200000.0) == "2 days, 7:33:20");
}
