// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/loss_watch.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
}

TEST_CASE(
    "losses are smoothed: 0.98 of the average, 0.02 of the new one, with Lightning's correction") {
  lt::LossWatch watch(4.0);
  CHECK_FALSE(watch.add(1.0, 1));
  CHECK_FALSE(watch.add(2.0, 2));
  const double first = 0.02;
  const double second = 0.98 * first + 0.02 * 2.0;
  CHECK(watch.losses()[0] == doctest::Approx(first / (1 - std::pow(0.98, 2))));
  CHECK(watch.losses()[1] == doctest::Approx(second / (1 - std::pow(0.98, 3))));
}

TEST_CASE("a loss far above the best ends the test, unless there is no threshold") {
  lt::LossWatch watch(4.0);
  lt::LossWatch endless(std::nullopt);
  int taken = 0;
  const auto loss = [&] { return taken < 5 ? 1.0 : 100.0; };
  while (taken < 50 && !watch.add(loss(), taken + 1)) {
    CHECK_FALSE(endless.add(loss(), taken + 1));
    ++taken;
  }
  CHECK(taken == 5);
  CHECK(watch.losses().size() == 6);
}

TEST_CASE("a step without loss leaves a gap") {
  lt::LossWatch watch(4.0);
  watch.skip();
  CHECK_FALSE(watch.add(1.0, 2));
  CHECK_FALSE(watch.add(1.0, 3));
  CHECK(std::isnan(watch.losses()[0]));
  CHECK(std::isfinite(watch.losses()[1]));
}

TEST_CASE("a loss that is not finite has diverged; Lightning goes on") {
  for (const double bad : {not_a_number, std::numeric_limits<double>::infinity()}) {
    CHECK(lt::LossWatch(4.0).add(bad, 1));
    CHECK_FALSE(lt::LossWatch(std::nullopt).add(bad, 1));
  }
  CHECK_FALSE(lt::LossWatch(4.0, lt::Compat::lightning).add(not_a_number, 1));
}

TEST_CASE("after earlier training there is no best loss yet; Lightning's test ends at once") {
  CHECK_FALSE(lt::LossWatch(4.0).add(3.0, 101));
  CHECK(lt::LossWatch(4.0, lt::Compat::lightning).add(3.0, 101));
}

TEST_CASE("losses below zero: what is far above the best is meant; Lightning's test ends at once") {
  lt::LossWatch watch(4.0);
  lt::LossWatch defect(4.0, lt::Compat::lightning);
  watch.add(-1.0, 1);
  defect.add(-1.0, 1);
  CHECK_FALSE(watch.add(-1.1, 2));
  CHECK(defect.add(-1.1, 2));
  CHECK(watch.add(300.0, 3));
}
