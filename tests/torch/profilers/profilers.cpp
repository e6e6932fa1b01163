// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/profiler/advanced_profiler.hpp"
#include "lt/policies/profiler/kineto_profiler.hpp"
#include "lt/policies/profiler/simple_profiler.hpp"

#include "torch/callbacks/fake_run.hpp"

#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

namespace {

std::size_t count(const std::string& text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_SUITE("SimpleProfiler") {
  TEST_CASE("the table is Lightning's") {
    lt_test::FakeRun run;
    lt::SimpleProfiler profiler;
    profiler.open(run);
    for (int i = 0; i < 3; ++i) {
      profiler.start("outer");
      profiler.start("inner");
      profiler.stop("inner");
      profiler.stop("outer");
    }
    const std::string summary = profiler.summary();
    CHECK(summary.starts_with("FIT Profiler Report\n\n---"));
    CHECK(summary.find("|  Action\t|  Mean duration (s)\t|  Num calls      \t|  Total time (s) \t|"
                       "  Percentage %   \t|") != std::string::npos);
    CHECK(summary.find("|  Total\t|  -              \t|  6              \t|") !=
          std::string::npos);
    CHECK(summary.find("|  outer\t|") < summary.find("|  inner\t|"));
    CHECK(count(summary, "\n--------") == 4);
  }

  TEST_CASE("not extended: mean and total") {
    lt::SimpleProfiler profiler{{.extended = false}};
    profiler.start("a");
    profiler.stop("a");
    const std::string summary = profiler.summary();
    CHECK(summary.starts_with("Profiler Report\n"));
    CHECK(summary.find("Num calls") == std::string::npos);
    CHECK(summary.find("100 %") == std::string::npos);
  }

  TEST_CASE("an action that runs already, or does not") {
    lt::SimpleProfiler profiler;
    profiler.start("a");
    CHECK_THROWS_WITH_AS(profiler.start("a"), doctest::Contains("'a' was started, which runs"),
                         lt::ConfigError);
    CHECK_THROWS_WITH_AS(profiler.stop("b"), doctest::Contains("'b' was stopped"),
                         lt::ConfigError);
  }

  TEST_CASE("a report in a file is added to") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    lt::SimpleProfiler profiler{{.dirpath = folder / "deep/down", .filename = "a:b"}};
    profiler.open(run);
    profiler.describe();
    profiler.describe();
    CHECK(count(lt_test::read_file(folder.path / "deep/down/fit-a_b.txt"), "FIT Profiler") == 2);
    CHECK(run.said.empty());
  }

  TEST_CASE("or a message; a folder that cannot be written is an error") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    lt::SimpleProfiler spoken;
    spoken.open(run);
    spoken.describe();
    REQUIRE(run.said.size() == 1);
    CHECK(run.said[0].starts_with("lt[I361] FIT Profiler Report"));
    lt_test::write_file(folder.path / "file", "");
    const lt::SimpleProfiler written{{.dirpath = folder / "file", .filename = "r"}};
    CHECK_THROWS_WITH_AS(written.describe(), doctest::Contains("SimpleProfiler: cannot write"),
                         lt::Error);
  }
}

TEST_SUITE("AdvancedProfiler") {
  TEST_CASE("a table for each action, with what ran inside it") {
    lt_test::TempFolder folder;
    lt::AdvancedProfiler profiler{
        {.dirpath = folder.path.string(), .filename = "r", .dump_stats = true}};
    for (int i = 0; i < 2; ++i) {
      profiler.start("outer");
      profiler.start("inner");
      profiler.stop("inner");
      profiler.start("inner");
      profiler.stop("inner");
      profiler.stop("outer");
    }
    profiler.describe();
    const std::string report = lt_test::read_file(folder.path / "r.txt");
    CHECK(report.find("Profile stats for: outer\n         6 calls in ") != std::string::npos);
    CHECK(report.find("Profile stats for: inner\n         4 calls in ") != std::string::npos);
    CHECK(count(report, " inner\n") == 3);  // its title, and a line of either table
    const std::string stacks = lt_test::read_file(folder.path / "r-outer.folded");
    CHECK(count(stacks, "outer;inner ") == 1);
  }

  TEST_CASE("fewer lines") {
    lt::AdvancedProfiler profiler{{.line_count_restriction = 0.5}};
    profiler.start("outer");
    profiler.start("inner");
    profiler.stop("inner");
    profiler.stop("outer");
    const std::string summary = profiler.summary();
    CHECK(count(summary, "\n        1 ") == 2);
  }

  TEST_CASE("actions that do not nest") {
    lt::AdvancedProfiler profiler;
    CHECK_THROWS_WITH_AS(profiler.stop("a"), doctest::Contains("but none runs"), lt::ConfigError);
    profiler.start("a");
    profiler.start("b");
    CHECK_THROWS_WITH_AS(profiler.stop("a"), doctest::Contains("started last, 'b'"),
                         lt::ConfigError);
    CHECK_THROWS_AS(lt::AdvancedProfiler({.line_count_restriction = -1.0}), lt::ConfigError);
  }
}

TEST_SUITE("KinetoProfiler") {
  TEST_CASE("the scheduled steps, and only they, in trace and table") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    lt::KinetoProfiler profiler{{.dirpath = folder.path.string(), .filename = "k", .skip_first = 1,
                                 .wait = 1, .warmup = 1, .active = 2, .repeat = 1}};
    profiler.open(run);
    const at::Tensor x = torch::rand({8, 8});
    for (int step = 0; step < 8; ++step) {
      profiler.start("[Strategy]S.training_step");
      const at::Tensor y = step % 2 == 0 ? x.matmul(x) : x.add(x);
      profiler.stop("[Strategy]S.training_step");
    }
    profiler.describe();
    const std::string report = lt_test::read_file(folder.path / "fit-k.txt");
    CHECK(report.find("aten::matmul") != std::string::npos);
    CHECK(report.find("aten::add") != std::string::npos);
    CHECK(report.find("[pl][profile][Strategy]S.training_step") != std::string::npos);
    const auto trace =
        nlohmann::json::parse(lt_test::read_file(folder.path / "fit-k-0.pt.trace.json"));
    std::size_t products = 0;
    for (const auto& event : trace.at("traceEvents")) {
      products += event.value("name", "") == "aten::matmul" ? 1 : 0;
    }
    CHECK(products == 1);
    CHECK_FALSE(std::filesystem::exists(folder.path / "fit-k-1.pt.trace.json"));
  }

  TEST_CASE("a round that the end of the run cuts short is kept; options are checked") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    lt::KinetoProfiler profiler{
        {.dirpath = folder.path.string(), .wait = 0, .warmup = 0, .active = 5, .row_limit = 1}};
    profiler.open(run);
    profiler.start("x.test_step");
    const at::Tensor y = torch::ones({4, 4}).exp();
    profiler.stop("x.test_step");
    profiler.describe();
    REQUIRE(run.said.size() == 1);
    CHECK(run.said[0].find("Self CPU time total") != std::string::npos);
    CHECK(std::filesystem::exists(folder.path / "fit-0.pt.trace.json"));
    CHECK_THROWS_AS(lt::KinetoProfiler({.active = 0}), lt::ConfigError);
    CHECK_THROWS_AS(profiler.stop("never"), lt::ConfigError);
  }
}

TEST_CASE("operators: time of their own and in all") {
  lt::detail::OperatorTable table;
  table.add("outer", 1, 0, 10'000);
  table.add("inner", 1, 2'000, 5'000);
  table.add("outer", 2, 0, 1'000);
  table.end_round();
  const std::string text = table.table(-1);
  CHECK(text.find("outer        72.73%       8.000us       100.00%      11.000us       5.500us") !=
        std::string::npos);
  CHECK(text.find("inner        27.27%       3.000us        27.27%       3.000us       3.000us") !=
        std::string::npos);
  CHECK(text.ends_with("Self CPU time total: 11.000us\n"));
}
