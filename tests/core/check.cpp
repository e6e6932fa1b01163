// SPDX-License-Identifier: Apache-2.0
#include <lt/core/check.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>

namespace check_test {
struct Options {
  std::int64_t patience = 3;
  double factor = 0.5;
  std::optional<std::int64_t> limit{};
};
struct Unchecked {
  int anything = 0;
};
}  // namespace check_test

LT_CHECKS(check_test::Options, LT_CHECK(E901, patience, o.patience >= 0, "must be 0 or more"),
          LT_CHECK(E902, factor, o.factor > 0.0 && o.factor < 1.0, "must lie between 0 and 1"),
          LT_CHECK(E903, limit, !o.limit || *o.limit > o.patience, "must be above patience"))

using check_test::Options;

TEST_CASE("validate lets good options pass") {
  CHECK_NOTHROW(lt::validate(Options{}, "Part"));
  CHECK_NOTHROW(lt::validate(Options{.limit = 4}, "Part"));
  CHECK_NOTHROW(lt::validate(check_test::Unchecked{}, "Part"));
}

TEST_CASE("validate names the code, the place, the rule and the value") {
  CHECK_THROWS_WITH_AS(lt::validate(Options{.patience = -1}, "Part"),
                       "lt[E901] Part: patience must be 0 or more; found patience = -1",
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::validate(Options{.factor = 1.5}, "Part"),
                       "lt[E902] Part: factor must lie between 0 and 1; found factor = 1.5",
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::validate(Options{.limit = 3}, "Part"),
                       "lt[E903] Part: limit must be above patience; found limit = 3",
                       lt::ConfigError);
}

TEST_CASE("the first rule that does not hold is the one that is told") {
  CHECK_THROWS_WITH_AS(lt::validate(Options{.patience = -1, .factor = 2.0}, "Part"),
                       doctest::Contains("E901"), lt::ConfigError);
}

TEST_CASE("checked options are there while compiling") {
  constexpr auto options = lt::checked<[] { return Options{.patience = 7}; }>();
  static_assert(options.patience == 7);
  CHECK(options.factor == 0.5);
}

TEST_CASE("a row knows its texts") {
  using Row = lt::Checks<Options>::E902;
  CHECK(Row::code == "E902");
  CHECK(Row::field == "factor");
  CHECK(Row::rule == "must lie between 0 and 1");
  CHECK(Row::holds(Options{}));
  CHECK(!Row::holds(Options{.factor = 1.0}));
}
