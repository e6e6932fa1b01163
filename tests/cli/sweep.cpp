// SPDX-License-Identifier: Apache-2.0
#include <lt/cli/sweep/space.hpp>
#include <lt/cli/sweep/table.hpp>
#include <lt/cli/sweep/trial.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace {

using lt::cli::Axis;
using lt::cli::parse_axis;

std::string error_of(std::string_view word) {
  try {
    parse_axis(word);
  } catch (const lt::ConfigError& error) {
    return error.what();
  }
  return "";
}

std::vector<std::string> texts(const std::vector<lt::cli::Point>& points) {
  std::vector<std::string> out;
  for (const auto& point : points) {
    out.push_back(lt::cli::point_text(point));
  }
  return out;
}

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / lt::text("lt-sweep-", ::getpid());
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("lists are split at commas outside of brackets and quotes") {
  CHECK(parse_axis("a.b=1,2,3").values == std::vector<std::string>{"1", "2", "3"});
  CHECK(parse_axis("a=[1,2],[3]").values == std::vector<std::string>{"[1,2]", "[3]"});
  CHECK(parse_axis("a='x,y',z").values == std::vector<std::string>{"'x,y'", "z"});
  CHECK(parse_axis("a=k=v").values == std::vector<std::string>{"k=v"});
}

TEST_CASE("ranges have two numbers; other words with dots are texts") {
  const auto range = parse_axis("lr=1e-4..1e-1:log").range;
  REQUIRE(range);
  CHECK(range->low == 1e-4);
  CHECK(range->high == 1e-1);
  CHECK(range->logarithmic);
  CHECK_FALSE(range->whole);
  CHECK(parse_axis("n=1..8").range->whole);
  CHECK_FALSE(parse_axis("n=1.0..8").range->whole);
  CHECK_FALSE(parse_axis("data.root=../data").range);
}

TEST_CASE("words that say no axis") {
  CHECK(error_of("model.hidden").starts_with("lt[E840] 'model.hidden' says no option"));
  CHECK(error_of("=3").starts_with("lt[E840]"));
  CHECK(error_of("a=1,,2").starts_with("lt[E840] 'a=1,,2' has an empty value"));
  CHECK(error_of("a=2..1").starts_with("lt[E841]"));
  CHECK(error_of("a=0..1:log").find("above zero") != std::string::npos);
}

TEST_CASE("a grid in order, the last axis fastest; none of a range") {
  const std::vector<Axis> axes = {parse_axis("a=1,2"), parse_axis("b=x,y")};
  CHECK(texts(lt::cli::grid(axes)) ==
        std::vector<std::string>{"a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"});
  CHECK_THROWS_AS(lt::cli::grid({parse_axis("a=0..1")}), lt::ConfigError);
}

TEST_CASE("draws: the same by seed, none twice, within their bounds") {
  const std::vector<Axis> axes = {parse_axis("lr=1e-4..1e-1:log"), parse_axis("n=1..4"),
                                  parse_axis("k=a,b")};
  const auto points = lt::cli::draw(axes, 200, 7);
  CHECK(points == lt::cli::draw(axes, 200, 7));
  CHECK(points != lt::cli::draw(axes, 200, 8));
  CHECK(points.size() == 200);
  std::set<std::string> whole;
  int low = 0;
  for (const auto& point : points) {
    const double rate = std::atof(point[0].second.c_str());
    CHECK(rate >= 1e-4);
    CHECK(rate <= 1e-1);
    low += rate < std::sqrt(1e-5) ? 1 : 0;
    whole.insert(point[1].second);
  }
  CHECK(low > 70);  // half of them below the middle of the logarithms
  CHECK(low < 130);
  CHECK(whole == std::set<std::string>{"1", "2", "3", "4"});
  // A grid with few points is drawn as a whole; a small range gives what it has.
  CHECK(lt::cli::draw({parse_axis("k=a,b,c")}, 10, 0).size() == 3);
  CHECK(lt::cli::draw({parse_axis("n=1..3")}, 10, 0).size() == 3);
  CHECK(lt::cli::draw({parse_axis("k=a,b,c")}, 2, 0).size() == 2);
}

TEST_CASE("a result is found again by the same options, and by no others") {
  const Folder folder;
  lt::cli::Trial trial{.point = {{"a", "1"}, {"b", "yes"}}, .folder = folder.path};
  ::setenv(lt::cli::result_variable, trial.result_file().c_str(), 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  lt::cli::write_result({{"loss", 0.1}, {"odd", nan}});
  ::unsetenv(lt::cli::result_variable);
  lt::cli::find_result(trial);
  CHECK_FALSE(trial.done);  // its process may have been killed behind the fit
  trial.seconds = 2.5;
  lt::cli::seal_result(trial);

  lt::cli::Trial again{.point = trial.point, .folder = folder.path};
  lt::cli::find_result(again);
  CHECK(again.done);
  CHECK(again.seconds == 2.5);
  CHECK(lt::cli::metric_of(again, "loss") == 0.1);
  CHECK(std::isnan(*lt::cli::metric_of(again, "odd")));
  lt::cli::Trial other{.point = {{"a", "2"}, {"b", "yes"}}, .folder = folder.path};
  lt::cli::find_result(other);
  CHECK_FALSE(other.done);
}

TEST_CASE("the table: the best first, then those without a number, then those that failed") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<lt::cli::Trial> trials = {
      {.index = 0, .point = {{"a", "1"}}, .failure = "ended with status 1"},
      {.index = 1, .point = {{"a", "2"}}, .done = true, .seconds = 1, .metrics = {{"loss", nan}}},
      {.index = 2, .point = {{"a", "3,4"}}, .done = true, .seconds = 1, .metrics = {{"loss", 2}}},
      {.index = 3, .point = {{"a", "5"}}, .done = true, .seconds = 1,
       .metrics = {{"acc", 1}, {"loss", 1}}},
  };
  const auto table = lt::cli::results_table(trials, "loss", false);
  CHECK(table[0] == std::vector<std::string>{"trial", "a", "loss", "acc", "seconds", "state"});
  CHECK(table[1] == std::vector<std::string>{"3", "5", "1", "1", "1", "done"});
  CHECK(table[2][0] == "2");
  CHECK(lt::cli::results_table(trials, "loss", true)[1][0] == "2");
  CHECK(table[4].back() == "ended with status 1");
  CHECK(lt::cli::aligned(table).starts_with("trial  a    loss"));
  CHECK(lt::cli::comma_separated(table).find("2,\"3,4\",2,,1,done") != std::string::npos);
}
