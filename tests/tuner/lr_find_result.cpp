// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/lr_find_result.hpp"

#include "lt/tuner/lr_find_options.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace {

lt::LrFindResult bowl() {
  lt::LrFindResult found;
  const lt::RateSequence rates(1e-4, 1.0, 41, lt::LrMode::exponential);
  for (std::int64_t k = 0; k < rates.size(); ++k) {
    found.results.lr.push_back(rates[k]);
    const double decade = std::log10(rates[k]) + 1.5;
    found.results.loss.push_back(decade * decade);
  }
  return found;
}

std::size_t count(const std::string& where, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = where.find(what); at != std::string::npos; at = where.find(what, at + 1)) {
    ++n;
  }
  return n;
}

}  // namespace

TEST_CASE("the sketch: a curve in characters, powers of ten below, the suggestion as O") {
  const std::string drawn = bowl().sketch();
  CHECK(count(drawn, "\n") == 14);
  CHECK(count(drawn, "O") == 1);
  CHECK(drawn.find("0.0001") != std::string::npos);
  CHECK(count(drawn, "*") > 30);
  CHECK(count(bowl().sketch(false), "O") == 0);
  for (std::istringstream lines(drawn); lines;) {
    std::string line;
    std::getline(lines, line);
    CHECK(line.size() < 80);
    CHECK((line.empty() || line.back() != ' '));
  }
}

TEST_CASE("exactly: a straight line") {
  const std::vector<double> x{0, 1, 2, 3, 4};
  CHECK(lt::sketch_of({.x = x, .y = x, .marked = 3, .title = "line"}, 5, 5) ==
        "line\n"
        "4 +    *\n"
        "3 +   O\n"
        "2 +  *\n"
        "1 + *\n"
        "0 +*\n"
        "  ++++++\n"
        "   0 2 4\n");
}

TEST_CASE("the picture: one path, one red dot, a gap where there was no loss") {
  lt::LrFindResult found = bowl();
  const std::string path = (std::filesystem::temp_directory_path() / "lt-lr-find.svg").string();
  found.plot_svg(path);
  std::stringstream drawn;
  drawn << std::ifstream(path).rdbuf();
  CHECK(drawn.str().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(drawn.str().ends_with("</svg>\n"));
  CHECK(count(drawn.str(), "<circle") == 1);
  CHECK(count(drawn.str(), "M") == 1);
  CHECK(count(drawn.str(), "Learning rate") == 1);
  found.results.loss[20] = std::numeric_limits<double>::quiet_NaN();
  found.plot_svg(path, false);
  drawn.str("");
  drawn << std::ifstream(path).rdbuf();
  CHECK(count(drawn.str(), "<circle") == 0);
  CHECK(count(drawn.str(), "M") == 2);
  CHECK(count(drawn.str(), "nan") == 0);
  std::filesystem::remove(path);
}

TEST_CASE("a picture that cannot be written is an error that names the file") {
  CHECK_THROWS_WITH_AS(bowl().plot_svg("/nonexistent/a.svg"),
                       "lt[E774] plot_svg: the file /nonexistent/a.svg cannot be written",
                       lt::Error);
}

TEST_CASE("nothing was found: no suggestion, and drawing does no harm") {
  const lt::LrFindResult nothing;
  CHECK_FALSE(nothing.suggestion());
  CHECK(count(nothing.sketch(), "*") == 0);
  lt::LrFindResult flat;
  flat.results = {{0.1}, {0.5}};
  CHECK_FALSE(flat.suggestion());
  CHECK(count(flat.sketch(), "*") == 1);
}

TEST_CASE("options out of range are named") {
  const auto check = [](const lt::LrFindOptions& o) { lt::validate(o, "lr_find"); };
  CHECK_NOTHROW(check({}));
  CHECK_NOTHROW(check({.min_lr = 0.0, .mode = lt::LrMode::linear}));
  CHECK_THROWS_WITH_AS(check({.min_lr = 0.0}),
                       doctest::Contains("lt[E770] lr_find: min_lr must be above 0"),
                       lt::ConfigError);
  CHECK_THROWS_WITH(check({.max_lr = 1e-9}), doctest::Contains("E771"));
  CHECK_THROWS_WITH(check({.num_training = 0}), doctest::Contains("found num_training = 0"));
  CHECK_THROWS_WITH(check({.early_stop_threshold = 0.5}), doctest::Contains("E773"));
}
