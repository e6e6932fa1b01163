// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/rate_sequence.hpp"

#include <doctest/doctest.h>

#include <cmath>

TEST_CASE("exponential: equal ratios from min to max") {
  const lt::RateSequence rates(1e-6, 1.0, 7, lt::LrMode::exponential);
  for (std::int64_t k = 0; k < 7; ++k) {
    CHECK(rates[k] == doctest::Approx(std::pow(10.0, static_cast<double>(k) - 6)));
  }
  CHECK(rates[0] == 1e-6);
}

TEST_CASE("linear: equal differences") {
  const lt::RateSequence rates(0.25, 1.25, 5, lt::LrMode::linear);
  CHECK(rates[0] == 0.25);
  CHECK(rates[1] == 0.5);
  CHECK(rates[4] == 1.25);
}

TEST_CASE("a single step has the least rate") {
  CHECK(lt::RateSequence(0.5, 1.0, 1, lt::LrMode::linear)[0] == 0.5);
}

TEST_CASE("Lightning's second rate jumps to 2/n") {
  const lt::RateSequence rates(0.0, 1.0, 10, lt::LrMode::linear, lt::Compat::lightning);
  CHECK(rates[0] == 0.0);
  CHECK(rates[1] == 0.2);
  CHECK(rates[2] == 0.3);
  CHECK(rates[9] == 1.0);
}
