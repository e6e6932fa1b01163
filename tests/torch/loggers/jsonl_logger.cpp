// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/logger/jsonl_logger.hpp"

#include "torch/callbacks/fake_run.hpp"
#include "torch/loggers/support.hpp"
#include "torch/pipe_reader.hpp"

#include "doctest_torch.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using lt_test::FileSizeLimit;
using lt_test::table;

namespace {

struct Fixture {
  explicit Fixture(lt::JsonlLogger::Options options = {}) : logger(placed(std::move(options))) {
    logger.open(run);
  }
  lt::JsonlLogger::Options placed(lt::JsonlLogger::Options options) const {
    options.save_dir = folder.path.string();
    return options;
  }
  std::filesystem::path file() const { return logger.log_dir() / "metrics.jsonl"; }
  std::string lines() const { return lt_test::read_file(file()); }

  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  lt::JsonlLogger logger;
};

}  // namespace

TEST_CASE("one object a line, numbers exact") {
  Fixture f;
  f.logger.log_metrics(table({{"loss", 0.1}, {"epoch", 2.0}, {"step", 9.0}}), 5);
  f.logger.log_metrics(table({{"acc", 1.0}}), 6);
  f.logger.save();
  CHECK(f.lines() ==
        "{\"step\": 5, \"loss\": 0.1, \"epoch\": 2}\n"
        "{\"step\": 6, \"acc\": 1.0}\n");
}

TEST_CASE("any name and any value makes a line that a JSON parser takes") {
  Fixture f{{.prefix = "p"}};
  f.logger.log_metrics(table({{"q\"\\\n\x01ü", 1e300},
                              {"inf", -std::numeric_limits<double>::infinity()},
                              {"nan", std::numeric_limits<double>::quiet_NaN()},
                              {"small", 5e-324}}),
                       0);
  f.logger.save();
  const auto line = nlohmann::json::parse(f.lines());
  CHECK(line.at("p-q\"\\\n\x01ü") == 1e300);
  CHECK(line.at("p-inf") == "-inf");
  CHECK(line.at("p-nan") == "nan");
  CHECK(line.at("p-small") == 5e-324);
}

TEST_CASE("a line torn by a crash is cut off, whole lines stay") {
  lt_test::TempFolder folder;
  const auto file = folder.path / "lightning_logs/v/metrics.jsonl";
  lt_test::write_file(file, "{\"step\": 1}\n{\"st");
  lt::JsonlLogger logger{{.save_dir = folder.path.string(), .version = "v"}};
  lt_test::FakeRun run;
  logger.open(run);
  logger.log_metrics(table({{"a", 2.0}}), 2);
  logger.finalize("success");
  CHECK(lt_test::read_file(file) == "{\"step\": 1}\n{\"step\": 2, \"a\": 2.0}\n");
}

TEST_CASE("a full disk: whole lines, an error that says what is lost, then on") {
  Fixture f;
  f.logger.log_metrics(table({{"a", 1.0}}), 0);
  f.logger.save();
  const std::string before = f.lines();
  f.logger.log_metrics(table({{"a", 2.0}}), 1);
  f.logger.log_metrics(table({{"a", 3.0}}), 2);
  {
    const FileSizeLimit limit(before.size() + 5);
    CHECK_THROWS_WITH_AS(f.logger.save(), doctest::Contains("lost 2 records"), lt::Error);
  }
  CHECK(f.lines() == before);
  f.logger.log_metrics(table({{"a", 4.0}}), 3);
  f.logger.save();
  CHECK(f.lines() == before + "{\"step\": 3, \"a\": 4.0}\n");
}

TEST_CASE("a disk that does not answer holds up no step, and nothing is lost") {
  Fixture f;
  lt_test::PipeReader pipe(f.file());
  for (std::int64_t step = 0; step < 50; ++step) {
    f.logger.log_metrics(table({{"a", static_cast<double>(step)}}), step);
    f.logger.save_soon();
  }
  pipe.start();
  f.logger.finalize("success");
  std::istringstream stream(pipe.finish());
  std::string line;
  for (std::int64_t step = 0; step < 50; ++step) {
    REQUIRE(std::getline(stream, line));
    CHECK(nlohmann::json::parse(line).at("step") == step);
  }
}

TEST_CASE("ranks other than zero write nothing") {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  run.global_rank = 1;
  lt::JsonlLogger logger{{.save_dir = folder.path.string()}};
  logger.open(run);
  logger.log_metrics(table({{"a", 1.0}}), 0);
  logger.log_hyperparams(lt::HyperParams{{"lr", {0.1}}});
  logger.finalize("success");
  CHECK(std::filesystem::is_empty(folder.path));
}
