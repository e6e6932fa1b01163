// SPDX-License-Identifier: Apache-2.0
#include "lt/core/python_format.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace {
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string whole(std::int64_t value, std::string_view spec) {
  return lt::python_format(value, spec);
}
}  // namespace

// Every expected text of this file was printed by Python 3.11.

TEST_CASE("repr of a float is its shortest text, in Python's form") {
  CHECK(lt::python_repr(0.0) == "0.0");
  CHECK(lt::python_repr(-0.0) == "-0.0");
  CHECK(lt::python_repr(1.0) == "1.0");
  CHECK(lt::python_repr(0.1) == "0.1");
  CHECK(lt::python_repr(0.6000000238418579) == "0.6000000238418579");
  CHECK(lt::python_repr(1e-5) == "1e-05");
  CHECK(lt::python_repr(1.5e-7) == "1.5e-07");
  CHECK(lt::python_repr(0.0001) == "0.0001");
  CHECK(lt::python_repr(1e15) == "1000000000000000.0");
  CHECK(lt::python_repr(1e16) == "1e+16");
  CHECK(lt::python_repr(123456789012345680.0) == "1.2345678901234568e+17");
  CHECK(lt::python_repr(1e300) == "1e+300");
  CHECK(lt::python_repr(5e-324) == "5e-324");
  CHECK(lt::python_repr(infinite) == "inf");
  CHECK(lt::python_repr(-infinite) == "-inf");
  CHECK(lt::python_repr(not_a_number) == "nan");
}

TEST_CASE("repr of a text chooses its quotes") {
  using std::string_view;
  CHECK(lt::python_repr(string_view("val_loss")) == "'val_loss'");
  CHECK(lt::python_repr(string_view("it's")) == "\"it's\"");
  CHECK(lt::python_repr(string_view("it's \"so\"")) == R"('it\'s "so"')");
  CHECK(lt::python_repr(string_view("a\\b\n\t\x01")) == R"('a\\b\n\t\x01')");
  CHECK(lt::python_repr(string_view("größe")) == "'größe'");
}

TEST_CASE("repr of a span of time is a timedelta") {
  using namespace std::chrono_literals;
  CHECK(lt::python_repr(0s) == "datetime.timedelta(0)");
  CHECK(lt::python_repr(90s) == "datetime.timedelta(seconds=90)");
  CHECK(lt::python_repr(25h) == "datetime.timedelta(days=1, seconds=3600)");
  CHECK(lt::python_repr(1500ms) == "datetime.timedelta(seconds=1, microseconds=500000)");
}

TEST_CASE("formats of floats") {
  CHECK(lt::python_format(0.3219, ".2f") == "0.32");
  CHECK(lt::python_format(2.5, ".0f") == "2");
  CHECK(lt::python_format(3.5, ".0f") == "4");
  CHECK(lt::python_format(-2.675, ".2f") == "-2.67");
  CHECK(lt::python_format(1234.5, "e") == "1.234500e+03");
  CHECK(lt::python_format(1234.5, ".3e") == "1.234e+03");
  CHECK(lt::python_format(1234.5, "E") == "1.234500E+03");
  CHECK(lt::python_format(0.00012345, "g") == "0.00012345");
  CHECK(lt::python_format(1234.5, ".3g") == "1.23e+03");
  CHECK(lt::python_format(100.0, ".3") == "1e+02");
  CHECK(lt::python_format(1.0, ".3") == "1.0");
  CHECK(lt::python_format(0.5, ".1%") == "50.0%");
  CHECK(lt::python_format(0.5, "") == "0.5");
  CHECK(lt::python_format(infinite, ".2f") == "inf");
  CHECK(lt::python_format(not_a_number, "F") == "NAN");
}

TEST_CASE("fill, alignment, sign and width") {
  CHECK(lt::python_format(1.5, "08.3f") == "0001.500");
  CHECK(lt::python_format(-1.5, "08.3f") == "-001.500");
  CHECK(lt::python_format(1.5, "+.1f") == "+1.5");
  CHECK(lt::python_format(1.5, " .1f") == " 1.5");
  CHECK(lt::python_format(1.5, "*^9.1f") == "***1.5***");
  CHECK(lt::python_format(1.5, "<6.1f") == "1.5   ");
  CHECK(lt::python_format(-1.5, "=8.1f") == "-    1.5");
  CHECK(whole(7, "02d") == "07");
  CHECK(whole(-7, "04d") == "-007");
  CHECK(whole(7, "x>4") == "xxx7");
  CHECK(whole(7, "<04d") == "7000");
  CHECK(whole(7, "3") == "  7");
}

TEST_CASE("whole numbers take the formats of floats, too") {
  CHECK(whole(12, "") == "12");
  CHECK(whole(-99, "d") == "-99");
  CHECK(whole(2, ".2f") == "2.00");
  CHECK(whole(0, "%") == "0.000000%");
}

TEST_CASE("what Python refuses is an error that shows the format") {
  CHECK_THROWS_WITH_AS(lt::python_format(0.5, "d"), doctest::Contains("'d' is for whole numbers"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(whole(1, ".2d"), doctest::Contains("'.2d'"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(whole(1, ".2"), doctest::Contains("precision"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::python_format(0.5, "q"), doctest::Contains("'q' is not understood"),
                       lt::ConfigError);
  CHECK_THROWS_AS(lt::python_format(0.5, ".f"), lt::ConfigError);
  CHECK_THROWS_AS(lt::python_format(0.5, ".2fx"), lt::ConfigError);
  CHECK_THROWS_AS(lt::python_format(0.5, "99999999999999f"), lt::ConfigError);
}
