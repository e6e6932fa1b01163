// SPDX-License-Identifier: Apache-2.0
#include <lt/core/limits.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using lt::apply_limit;
using lt::BatchCount;
using lt::BatchLimit;
using lt::Interval;

TEST_CASE("BatchCount") {
  CHECK(BatchCount(3) < BatchCount(4));
  CHECK(BatchCount(1'000'000) < BatchCount::infinite());
  CHECK(BatchCount::infinite().is_infinite());
  CHECK(!BatchCount().is_infinite());
  CHECK(lt::text(BatchCount(3), " ", BatchCount::infinite()) == "3 inf");
}

TEST_CASE("BatchLimit: 1 is one batch, 1.0 is all") {
  CHECK(!BatchLimit(1).is_fraction());
  CHECK(BatchLimit(1.0).is_fraction());
  CHECK(BatchLimit(0.25).is_fraction());
  CHECK(!BatchLimit(2.0).is_fraction());
  CHECK(BatchLimit(0).is_zero());
  CHECK(BatchLimit(0.0).is_zero());
  CHECK(lt::text(BatchLimit(1), " ", BatchLimit(1.0), " ", BatchLimit(0.5)) == "1 1.0 0.5");
}

TEST_CASE("BatchLimit: what is valid") {
  CHECK(BatchLimit(0).valid());
  CHECK(BatchLimit(7).valid());
  CHECK(BatchLimit(3.0).valid());
  CHECK(BatchLimit(0.999).valid());
  CHECK(!BatchLimit(-1).valid());
  CHECK(!BatchLimit(-0.5).valid());
  CHECK(!BatchLimit(1.2).valid());
}

TEST_CASE("Interval") {
  CHECK(!Interval(4).is_time());
  CHECK(Interval(4).batches().count() == 4);
  CHECK(Interval(0.5).batches().is_fraction());
  const Interval minute = std::chrono::minutes(1);
  CHECK(minute.is_time());
  CHECK(minute.time().count() == 60.0);
  CHECK(minute.valid());
  CHECK(!Interval(std::chrono::seconds(-1)).valid());
  CHECK(!Interval(1.5).valid());
  CHECK(lt::text(minute, " ", Interval(0.5)) == "60 s 0.5");
}

TEST_CASE("apply_limit: batches") {
  CHECK(apply_limit(10, 4, "limit") == BatchCount(4));
  CHECK(apply_limit(10, 40, "limit") == BatchCount(10));
  CHECK(apply_limit(10, 0, "limit") == BatchCount(0));
  CHECK(apply_limit(BatchCount::infinite(), 4, "limit") == BatchCount(4));
}

TEST_CASE("apply_limit: fractions round down") {
  CHECK(apply_limit(10, 1.0, "limit") == BatchCount(10));
  CHECK(apply_limit(10, 0.5, "limit") == BatchCount(5));
  CHECK(apply_limit(7, 0.5, "limit") == BatchCount(3));
  CHECK(apply_limit(10, 0.0, "limit") == BatchCount(0));
  CHECK(apply_limit(BatchCount::infinite(), 1.0, "limit").is_infinite());
  CHECK(apply_limit(BatchCount::infinite(), 0.0, "limit") == BatchCount(0));
}

TEST_CASE("apply_limit: an empty loader stays empty, whatever the limit") {
  CHECK(apply_limit(0, 0.5, "limit") == BatchCount(0));
  CHECK(apply_limit(0, 3, "limit") == BatchCount(0));
}

TEST_CASE("apply_limit: a fraction of a stream") {
  CHECK_THROWS_WITH_AS(apply_limit(BatchCount::infinite(), 0.5, "limit_train_batches"),
                       "lt[E131] limit_train_batches = 0.5 is a fraction, but the loader has no "
                       "known length; expected 1.0 or a whole number of batches",
                       lt::ConfigError);
}

TEST_CASE("apply_limit: a fraction of less than one batch (limit_train_fraction_too_small)") {
  CHECK_THROWS_WITH_AS(apply_limit(4, 0.1, "limit_train_batches"),
                       "lt[E132] limit_train_batches = 0.1 of 4 batches is less than one batch; "
                       "expected at least 0.25",
                       lt::ConfigError);
}
