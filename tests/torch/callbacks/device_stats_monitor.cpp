// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/device_stats_monitor.hpp"

#include "fake_run.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using lt_test::FakeRun;
using lt_test::TempFolder;
using lt_test::write_file;

lt::CpuStats stats_in(const TempFolder& folder) {
  write_file(folder.path / "stat", "cpu 1 0 1 8 0 0 0 0 0 0\n");
  write_file(folder.path / "meminfo", "MemTotal: 100 kB\nMemAvailable: 40 kB\n");
  return lt::CpuStats(folder.path.string());
}

}  // namespace

TEST_CASE("figures of the host around a batch that is logged, at the loggers' step") {
  const TempFolder folder;
  FakeRun run;
  run.places = {{"lightning_logs", "version_0", "."}};
  run.trainer().log_every_n_steps = 2;
  lt::DeviceStatsMonitor monitor{{}, stats_in(folder)};
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_batch_start(run, 0, 0);
  CHECK(run.logged.empty());

  run.state().fit.batches_that_stepped = 1;
  monitor.on_train_batch_start(run, 0, 1);
  monitor.on_train_batch_end(run, 0, 0, 1);
  REQUIRE(run.logged.size() == 2);
  CHECK(run.logged[0].first == 1);
  CHECK(run.logged[0].second.names() ==
        std::vector<std::string>{"DeviceStatsMonitor.on_train_batch_start/cpu_percent",
                                 "DeviceStatsMonitor.on_train_batch_start/cpu_vm_percent",
                                 "DeviceStatsMonitor.on_train_batch_start/cpu_swap_percent"});
  CHECK(run.logged[1].second.find("DeviceStatsMonitor.on_train_batch_end/cpu_vm_percent") == 60.0);
}

TEST_CASE("validation and test batches too") {
  const TempFolder folder;
  FakeRun run;
  run.trainer().log_every_n_steps = 1;
  lt::DeviceStatsMonitor monitor{{}, stats_in(folder)};
  run.state().stage = lt::Stage::validate;
  monitor.on_validation_batch_start(run, 0, 0);
  monitor.on_validation_batch_end(run, 0, 0, 0);
  run.state().stage = lt::Stage::test;
  run.state().fn = lt::RunFn::test;
  monitor.on_test_batch_start(run, 0, 0);
  monitor.on_test_batch_end(run, 0, 0, 0);
  REQUIRE(run.logged.size() == 4);
  CHECK(run.logged[1].second.contains("DeviceStatsMonitor.on_validation_batch_end/cpu_percent"));
  CHECK(run.logged[3].second.contains("DeviceStatsMonitor.on_test_batch_end/cpu_percent"));
}

TEST_CASE("cpu_stats = false: nothing on the host") {
  FakeRun run;
  run.places = {{"lightning_logs", "version_0", "."}};
  run.trainer().log_every_n_steps = 1;
  lt::DeviceStatsMonitor monitor{{.cpu_stats = false}, lt::CpuStats("/no/such/folder")};
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_batch_start(run, 0, 0);
  CHECK(run.logged.empty());
}

TEST_CASE("errors: no logger, no figures of the host") {
  const TempFolder folder;
  FakeRun run;
  lt::DeviceStatsMonitor monitor{{}, stats_in(folder)};
  CHECK_THROWS_AS(monitor.setup(run, lt::RunFn::fit), lt::ConfigError);
  monitor.setup(run, lt::RunFn::test);  // only fit needs one
  run.places = {{"lightning_logs", "version_0", "."}};
  lt::DeviceStatsMonitor blind{{}, lt::CpuStats("/no/such/folder")};
  CHECK_THROWS_AS(blind.setup(run, lt::RunFn::fit), lt::ConfigError);
}
