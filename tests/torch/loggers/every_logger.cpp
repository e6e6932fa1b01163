// SPDX-License-Identifier: Apache-2.0
// What users give to a logger without thinking of it: the same for all that write files.
#include "lt/policies/logger/csv_logger.hpp"
#include "lt/policies/logger/jsonl_logger.hpp"
#include "lt/policies/logger/tensorboard_logger.hpp"

#include "torch/callbacks/fake_run.hpp"
#include "torch/loggers/support.hpp"

#include "doctest_torch.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>

#include <unistd.h>

#define LT_LOGGERS lt::CsvLogger, lt::JsonlLogger, lt::TensorBoardLogger

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

// All files of a logger, one after the other.
template <class Logger>
std::string written(const Logger& logger) {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(logger.log_dir())) {
    all += lt_test::read_file(entry.path());
  }
  return all;
}

// How the format of the logger has one metric.
std::string record(const lt::JsonlLogger&, const std::string& name, double value) {
  return "\"" + name + "\": \"" + lt::python_repr(value) + "\"";
}
std::string record(const lt::CsvLogger&, const std::string&, double value) {
  return "," + lt::python_repr(value);
}
std::string record(const lt::TensorBoardLogger&, const std::string& name, double value) {
  return lt::detail::scalar_value(name, value).str();
}

}  // namespace

TEST_CASE_TEMPLATE("values that are not finite are kept", Logger, LT_LOGGERS) {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  Logger logger{{.save_dir = folder.path.string()}};
  logger.open(run);
  logger.log_metrics(lt_test::table({{"a", 1.5}, {"b", std::nan("")}, {"c", inf}, {"d", -inf}}), 7);
  logger.log_hyperparams(lt::HyperParams{{"lr", {std::nan("")}}, {"clip", {inf}}});
  logger.finalize("success");
  const std::string all = written(logger);
  for (const auto& [name, value] : lt_test::table({{"b", std::nan("")}, {"c", inf}, {"d", -inf}})) {
    CAPTURE(name);
    CHECK(all.find(record(logger, name, value)) != std::string::npos);
  }
  CHECK(all.find("clip: .inf\nlr: .nan\n") != std::string::npos);
}

TEST_CASE_TEMPLATE("a run's name with slashes is folders", Logger, LT_LOGGERS) {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  Logger logger{{.save_dir = folder.path.string(), .name = "sweep/lr=0.1", .version = "a/b"}};
  logger.open(run);
  logger.log_metrics(lt_test::table({{"a", 1.0}}), 0);
  logger.finalize("success");
  CHECK(logger.log_dir() == folder.path / "sweep/lr=0.1/a/b");
  CHECK_FALSE(written(logger).empty());
  CHECK_THROWS_WITH_AS(Logger({.save_dir = folder.path.string(), .name = "../elsewhere"}),
                       doctest::Contains("name = '../elsewhere' leads out of save_dir"),
                       lt::ConfigError);
}

TEST_CASE_TEMPLATE("a folder that cannot be written is named, and the option", Logger, LT_LOGGERS) {
  lt_test::TempFolder folder;
  lt_test::write_file(folder.path / "file", "kept");
  lt_test::FakeRun run;
  Logger logger{{.save_dir = folder / "file/logs"}};
  const std::string expected = "cannot write to folder '" + (folder / "file");
  const std::string option = "found save_dir = '" + (folder / "file/logs") + "'";
  try {
    logger.open(run);
    FAIL("nothing was thrown");
  } catch (const lt::ConfigError& error) {
    const std::string text = error.what();
    CAPTURE(text);
    CHECK(text.starts_with("lt[E342] " + std::string(Logger::type_name) + ": " + expected));
    CHECK(text.ends_with(option));
  }
  CHECK_NOTHROW(logger.finalize("failed"));  // as a trainer does then
  CHECK(lt_test::read_file(folder.path / "file") == "kept");
}

TEST_CASE_TEMPLATE("a folder without the right to write", Logger, LT_LOGGERS) {
  if (::geteuid() == 0) {
    MESSAGE("root may write everywhere; the test with a file in the folder's place stands for it");
    return;
  }
  lt_test::TempFolder folder;
  std::filesystem::permissions(
      folder.path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  lt_test::FakeRun run;
  Logger logger{{.save_dir = folder.path.string()}};
  CHECK_THROWS_WITH_AS(logger.open(run),
                       doctest::Contains("expected a save_dir that can be written"),
                       lt::ConfigError);
  std::filesystem::permissions(folder.path, std::filesystem::perms::owner_all);
}
