// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/suggestion.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr auto exponential = lt::LrMode::exponential;
constexpr auto linear = lt::LrMode::linear;
const lt::SuggestOptions all{.skip_begin = 0, .skip_end = 0};

/// A curve over `10^-6 ... 1`: flat, then falling fastest at 1e-3, then rising.
struct Curve {
  std::vector<double> rate;
  std::vector<double> loss;
  Curve() {
    const lt::RateSequence rates(1e-6, 1.0, 61, exponential);
    for (std::int64_t k = 0; k < rates.size(); ++k) {
      const double decade = std::log10(rates[k]);
      rate.push_back(rates[k]);
      loss.push_back(1 / (1 + std::exp(4 * (decade + 3))) + std::exp(12 * (decade + 0.5)));
    }
  }
};

}  // namespace

TEST_CASE("the gradient where points are not evenly spaced") {
  // Exact for a parabola inside, one-sided at the ends; numpy.gradient gives the same.
  const std::vector<double> x{0.0, 1.0, 1.5, 3.5, 4.0, 6.0};
  std::vector<double> f;
  for (const double v : x) {
    f.push_back(v * v);
  }
  const std::vector<double> slope = lt::gradient<double>(f, x);
  const std::vector<double> wanted{1.0, 2.0, 3.0, 7.0, 8.0, 10.0};
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(slope[i] == doctest::Approx(wanted[i]));
  }
  CHECK(lt::gradient<double>(std::vector{1.0, 3.0}, std::vector{0.0, 4.0}) ==
        std::vector{0.5, 0.5});
}

TEST_CASE("steepest: where the loss falls fastest per decade, not per unit") {
  const Curve curve;
  const auto found = lt::suggested_index(curve.rate, curve.loss, exponential);
  REQUIRE(found);
  CHECK(std::log10(curve.rate[*found]) == doctest::Approx(-3.0));
  const auto defect =
      lt::suggested_index(curve.rate, curve.loss, exponential, {}, lt::Compat::lightning);
  REQUIRE(defect);
  CHECK(curve.rate[*defect] < 8e-4);
}

TEST_CASE("minimum and valley") {
  const Curve curve;
  const auto minimum =
      lt::suggested_index(curve.rate, curve.loss, exponential, {.rule = lt::LrRule::minimum});
  const auto valley =
      lt::suggested_index(curve.rate, curve.loss, exponential, {.rule = lt::LrRule::valley});
  REQUIRE(minimum);
  REQUIRE(valley);
  for (std::size_t i = 10; i < 60; ++i) {
    CHECK(curve.loss[*minimum] <= curve.loss[i]);
  }
  CHECK(*valley == 10 + (*minimum - 10) / 2);
}

TEST_CASE("valley takes the longest descent, over bumps") {
  const std::vector<double> rate{1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<double> loss{1, 9, 8, 8.5, 7, 6, 5, 9};
  const lt::SuggestOptions options{.skip_begin = 0, .skip_end = 0, .rule = lt::LrRule::valley};
  CHECK(lt::suggested_index(rate, loss, linear, options) == 4);
}

TEST_CASE("ends are skipped, gaps dropped, and two points are needed") {
  std::vector<double> rate;
  std::vector<double> loss;
  for (int i = 0; i < 13; ++i) {
    rate.push_back(i + 1);
    loss.push_back(20 - i);
  }
  loss[0] = 1000;
  loss[12] = -1000;
  CHECK(lt::suggested_index(rate, loss, linear) == 10);
  loss[11] = not_a_number;
  CHECK_FALSE(lt::suggested_index(rate, loss, linear));
  CHECK(lt::suggested_index(rate, loss, linear, {.skip_begin = 5}) == 5);
  CHECK_FALSE(lt::suggested_index({}, {}, linear, all));
  CHECK_FALSE(lt::suggested_index(rate, loss, linear, {.skip_begin = 100, .skip_end = 100}));
}

TEST_CASE("skip_end = 0 keeps the end; Lightning is left with nothing") {
  const std::vector<double> rate{1, 2, 3};
  const std::vector<double> loss{3, 2, 0};
  CHECK(lt::suggested_index(rate, loss, linear, all) == 2);
  CHECK_FALSE(lt::suggested_index(rate, loss, linear, all, lt::Compat::lightning));
}
