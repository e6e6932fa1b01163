// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/logger/csv_logger.hpp"

#include "lt/policies/progress/terminal.hpp"
#include "torch/callbacks/fake_run.hpp"
#include "torch/loggers/support.hpp"

#include "doctest_torch.hpp"

#include <filesystem>
#include <limits>
#include <string>
#include <utility>

using lt_test::FileSizeLimit;
using lt_test::table;

namespace {

struct Fixture {
  explicit Fixture(lt::CsvLogger::Options options = {}) : logger(placed(std::move(options))) {
    logger.open(run);
  }
  lt::CsvLogger::Options placed(lt::CsvLogger::Options options) const {
    options.save_dir = folder.path.string();
    return options;
  }
  std::string metrics() const { return lt_test::read_file(logger.log_dir() / "metrics.csv"); }

  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  lt::CsvLogger logger;
};

}  // namespace

TEST_SUITE("the table") {
  TEST_CASE("sorted columns, CRLF, Python's floats") {
    Fixture f;
    f.logger.log_metrics(table({{"train_loss", 0.1f}, {"acc", 1e-5}, {"epoch", 0.0}}), 0);
    f.logger.log_metrics(table({{"train_loss", 1.0}, {"epoch", 1.0}}), 1);
    f.logger.save();
    CHECK(f.metrics() ==
          "acc,epoch,step,train_loss\r\n"
          "1e-05,0,0,0.10000000149011612\r\n"
          ",1,1,1.0\r\n");
  }

  TEST_CASE("a record costs no file operation until it is flushed") {
    Fixture f;
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    f.logger.wait();
    CHECK_FALSE(std::filesystem::exists(f.logger.log_dir() / "metrics.csv"));
    f.logger.save();
    f.logger.save();
    CHECK(f.metrics() == "a,step\r\n1.0,0\r\n");
  }

  TEST_CASE("every n steps it is flushed by itself") {
    Fixture f{{.flush_logs_every_n_steps = 2}};
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    f.logger.wait();
    CHECK(f.metrics().empty());
    f.logger.log_metrics(table({{"a", 2.0}}), 1);
    f.logger.wait();
    CHECK(f.metrics() == "a,step\r\n1.0,0\r\n2.0,1\r\n");
  }

  TEST_CASE("a new name rewrites the file") {
    Fixture f;
    f.logger.log_metrics(table({{"b", 1.0}}), 0);
    f.logger.save();
    f.logger.log_metrics(table({{"b", 2.0}, {"z", 3.0}}), 1);
    f.logger.save();
    f.logger.log_metrics(table({{"a", 4.0}}), 2);
    f.logger.save();
    CHECK(f.metrics() ==
          "a,b,step,z\r\n"
          ",1.0,0,\r\n"
          ",2.0,1,3.0\r\n"
          "4.0,,2,\r\n");
  }

  TEST_CASE("values beyond numbers, names beyond letters, a metric named step") {
    Fixture f;
    f.logger.log_metrics(table({{"inf", std::numeric_limits<double>::infinity()},
                                {"a,\"b\"", std::numeric_limits<double>::quiet_NaN()},
                                {"step", 77.0}}),
                         3);
    f.logger.save();
    CHECK(f.metrics() == "\"a,\"\"b\"\"\",inf,step\r\nnan,inf,3\r\n");
  }

  TEST_CASE("a prefix") {
    Fixture f{{.prefix = "p"}};
    f.logger.log_metrics(table({{"loss", 1.0}, {"epoch", 2.0}}), 0);
    f.logger.save();
    CHECK(f.metrics() == "p-epoch,p-loss,step\r\n2,1.0,0\r\n");
  }

  TEST_CASE("what was logged is there after finalize, and after the object's end") {
    Fixture f;
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    f.logger.finalize("success");
    CHECK(f.metrics() == "a,step\r\n1.0,0\r\n");
    {
      lt::CsvLogger moved = std::move(f.logger);
      moved.log_metrics(table({{"a", 2.0}}), 1);
    }
    CHECK(lt_test::read_file(f.folder / "lightning_logs/version_0/metrics.csv") ==
          "a,step\r\n1.0,0\r\n2.0,1\r\n");
  }

  TEST_CASE("ranks other than zero write nothing") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    run.global_rank = 1;
    lt::CsvLogger logger{{.save_dir = folder.path.string()}};
    logger.open(run);
    logger.log_metrics(table({{"a", 1.0}}), 0);
    logger.log_hyperparams({{"lr", {0.1}}});
    logger.save();
    CHECK(std::filesystem::is_empty(folder.path));
  }
}

TEST_SUITE("the folder") {
  TEST_CASE("versions count up") {
    lt_test::TempFolder folder;
    for (const char* name : {"version_0", "version_7", "version_x", "other"}) {
      std::filesystem::create_directories(folder.path / "lightning_logs" / name);
    }
    lt_test::write_file(folder.path / "lightning_logs/version_9", "a file does not count");
    lt_test::FakeRun run;
    lt::CsvLogger logger{{.save_dir = folder.path.string()}};
    logger.open(run);
    CHECK(logger.version() == "version_8");
    CHECK(logger.save_dir() == folder.path.string());
    CHECK(std::filesystem::is_directory(folder.path / "lightning_logs/version_8"));
    logger.open(run);  // a second run of the trainer goes on in the same place
    CHECK(logger.version() == "version_8");
  }

  TEST_CASE("a version may be given as a number or a text") {
    CHECK(Fixture{{.version = "3"}}.logger.version() == "version_3");
    Fixture f{{.name = "", .version = "mine"}};
    CHECK(f.logger.log_dir() == f.folder.path / "mine");
  }

  TEST_CASE("without a save_dir it is the trainer's") {
    lt_test::TempFolder folder;
    lt_test::FakeRun run;
    run.trainer().default_root_dir = folder.path.string();
    lt::CsvLogger logger;
    logger.open(run);
    CHECK(logger.log_dir() == folder.path / "lightning_logs/version_0");
  }

  TEST_CASE("an earlier table in the given version is replaced, with a warning") {
    lt_test::TempFolder folder;
    lt_test::write_file(folder.path / "lightning_logs/v/metrics.csv", "old");
    lt_test::write_file(folder.path / "lightning_logs/v/notes.txt", "kept");
    lt_test::FakeRun run;
    lt::CsvLogger logger{{.save_dir = folder.path.string(), .version = "v"}};
    logger.open(run);
    CHECK_FALSE(std::filesystem::exists(logger.log_dir() / "metrics.csv"));
    CHECK(lt_test::read_file(logger.log_dir() / "notes.txt") == "kept");
    REQUIRE(run.said.size() == 1);
    CHECK(run.said[0].starts_with("lt[W340]"));
  }

  TEST_CASE("a folder that cannot be made is an error that names it") {
    lt_test::TempFolder folder;
    lt_test::write_file(folder.path / "file", "not a folder");
    lt_test::FakeRun run;
    lt::CsvLogger logger{{.save_dir = folder / "file/logs"}};
    CHECK_THROWS_WITH_AS(logger.open(run), doctest::Contains((folder / "file").c_str()),
                         lt::ConfigError);
    CHECK(lt_test::read_file(folder.path / "file") == "not a folder");
  }

  TEST_CASE("a name with a slash is a folder in a folder; one that leads out is refused") {
    Fixture f{{.name = "sweep/run", .version = "a/b"}};
    CHECK(f.logger.log_dir() == f.folder.path / "sweep/run/a/b");
    CHECK(std::filesystem::is_directory(f.logger.log_dir()));
    for (const char* name : {"/tmp/elsewhere", "../elsewhere", "a/../../b", ".."}) {
      CHECK_THROWS_WITH_AS(lt::CsvLogger({.name = name}),
                           doctest::Contains("leads out of save_dir; expected a name"),
                           lt::ConfigError);
    }
    CHECK_THROWS_WITH_AS(lt::CsvLogger({.version = "../a"}), doctest::Contains("version = '../a'"),
                         lt::ConfigError);
  }

  TEST_CASE("options that cannot work") {
    CHECK_THROWS_WITH_AS(lt::CsvLogger({.flush_logs_every_n_steps = 0}),
                         doctest::Contains("found flush_logs_every_n_steps = 0"), lt::ConfigError);
  }
}

TEST_SUITE("hyper-parameters") {
  TEST_CASE("are merged and written at once") {
    Fixture f;
    f.logger.log_hyperparams({{"lr", {0.1}}, {"hidden", {std::int64_t{128}}}});
    f.logger.log_hyperparams({{"lr", {1e-5}}, {"name", {std::string("digits")}}});
    CHECK(lt_test::read_file(f.logger.log_dir() / "hparams.yaml") ==
          "hidden: 128\nlr: 1.0e-05\nname: digits\n");
  }

  TEST_CASE("come from reflected options, too") {
    Fixture f;
    f.logger.log_hyperparams(lt::TerminalProgressOptions{});
    CHECK(lt_test::read_file(f.logger.log_dir() / "hparams.yaml") ==
          "leave: false\nrefresh_rate: 10.0\n");
  }
}

TEST_SUITE("a full disk") {
  TEST_CASE("loses the new rows only, and says which") {
    Fixture f;
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    f.logger.save();
    const std::string before = f.metrics();
    for (std::int64_t step = 1; step <= 20; ++step) {
      f.logger.log_metrics(table({{"a", 0.123456789}}), step);
    }
    {
      const FileSizeLimit limit(40);
      CHECK_THROWS_WITH_AS(
          f.logger.save(),
          doctest::Contains("lost 20 rows (step 1 to step 20); still there: 1 row before"),
          lt::Error);
    }
    CHECK(f.metrics() == before);
    f.logger.log_metrics(table({{"a", 2.0}}), 21);
    f.logger.save();
    CHECK(f.metrics() == before + "2.0,21\r\n");
  }

  TEST_CASE("keeps the old table when a new name would rewrite it") {
    Fixture f;
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    f.logger.save();
    const std::string before = f.metrics();
    f.logger.log_metrics(table({{"b", 1.0}}), 1);
    {
      const FileSizeLimit limit(10);
      CHECK_THROWS_AS(f.logger.save(), lt::Error);
    }
    CHECK(f.metrics() == before);
    CHECK_FALSE(std::filesystem::exists(f.logger.log_dir() / "metrics.csv.tmp"));
    f.logger.log_metrics(table({{"b", 2.0}}), 2);
    f.logger.save();
    CHECK(f.metrics() == "a,b,step\r\n1.0,,0\r\n,2.0,2\r\n");
  }

  TEST_CASE("does not hide the exception by which a run ends") {
    Fixture f;
    f.logger.log_metrics(table({{"a", 1.0}}), 0);
    const FileSizeLimit limit(0);
    CHECK_NOTHROW(f.logger.finalize("failed"));
    REQUIRE(f.run.said.size() == 1);
    CHECK(f.run.said[0].find("metrics.csv") != std::string::npos);
  }
}
