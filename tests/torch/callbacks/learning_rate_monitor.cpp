// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/learning_rate_monitor.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {
using lt::ScheduleInterval;
using Names = std::vector<std::string>;

struct Fixture {
  explicit Fixture(lt::LearningRateMonitorOptions options = {}) : monitor(options) {
    run.places = {{"rec", "version_0", ""}};
    run.trainer().log_every_n_steps = 1;
  }
  void group(std::size_t optimizer, double lr, std::string_view name = {},
             std::string_view type = "SGD") {
    std::size_t index = 0;
    for (const lt::GroupView& other : run.group_views) {
      index += other.optimizer == optimizer ? 1 : 0;
    }
    lt::GroupView view;
    view.optimizer = optimizer;
    view.group = index;
    view.optimizer_class = type;
    view.group_name = name;
    view.lr = lr;
    view.momentum = 0.9;
    view.weight_decay = 0.01;
    run.group_views.push_back(view);
  }
  Names keys() {
    Names out;
    for (const auto& [key, values] : monitor.lrs()) {
      out.push_back(key);
    }
    return out;
  }
  void batch(std::int64_t batch_idx) { monitor.on_train_batch_start(run, 0, batch_idx); }

  lt_test::FakeRun run;
  lt::LearningRateMonitor monitor;
};
}  // namespace

TEST_CASE("an optimizer without a schedule is logged per step and per epoch") {
  Fixture f;
  f.group(0, 0.1);
  f.monitor.on_train_start(f.run);
  CHECK(f.keys() == Names{"lr-SGD"});
  f.monitor.on_train_epoch_start(f.run);
  f.run.state().fit.batches_that_stepped = 3;
  f.batch(0);
  REQUIRE(f.run.logged.size() == 2);
  CHECK(f.run.logged[0].first == 0);
  CHECK(f.run.logged[1].first == 3);
  CHECK(f.run.logged[1].second.find("lr-SGD") == 0.1);
  CHECK(f.run.callback_metrics().find("lr-SGD") == static_cast<double>(0.1F));
  CHECK(f.monitor.lrs().at("lr-SGD") == std::vector{0.1, 0.1});
}

TEST_CASE("one with a schedule is logged when that moves") {
  Fixture f;
  f.group(0, 0.1);
  f.run.schedule_views = {{0, ScheduleInterval::step, {}}};
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  CHECK(f.run.logged.empty());
  f.batch(0);
  CHECK(f.run.logged.size() == 1);
  f.run.schedule_views[0].interval = ScheduleInterval::epoch;
  f.batch(1);
  CHECK(f.run.logged.size() == 1);
  f.monitor.on_train_epoch_start(f.run);
  CHECK(f.run.logged.size() == 2);
}

TEST_CASE("or as the option says") {
  Fixture steps{{.logging_interval = ScheduleInterval::step}};
  steps.group(0, 0.1);
  steps.run.schedule_views = {{0, ScheduleInterval::epoch, {}}};
  steps.monitor.on_train_start(steps.run);
  steps.monitor.on_train_epoch_start(steps.run);
  steps.batch(0);
  CHECK(steps.run.logged.size() == 1);
  Fixture epochs{{.logging_interval = ScheduleInterval::epoch}};
  epochs.group(0, 0.1);
  epochs.monitor.on_train_start(epochs.run);
  epochs.batch(0);
  CHECK(epochs.run.logged.empty());
  epochs.monitor.on_train_epoch_start(epochs.run);
  CHECK(epochs.run.logged.size() == 1);
}

TEST_CASE("steps obey log_every_n_steps") {
  Fixture f;
  f.group(0, 0.1);
  f.run.trainer().log_every_n_steps = 2;
  f.monitor.on_train_start(f.run);
  f.batch(0);
  CHECK(f.run.logged.empty());
  f.run.state().fit.batches_that_stepped = 1;
  f.batch(1);
  CHECK(f.run.logged.size() == 1);
}

TEST_CASE("groups have their name or their number") {
  Fixture f;
  f.group(0, 0.1);
  f.group(0, 0.2, "top");
  f.group(1, 0.3, "only", "Adam");
  f.monitor.on_train_start(f.run);
  CHECK(f.keys() == Names{"lr-Adam/only", "lr-SGD/pg1", "lr-SGD/top"});
}

TEST_CASE("optimizers of one class are numbered, those with a schedule first") {
  Fixture f;
  f.group(0, 0.1);
  f.group(1, 0.2);
  f.group(2, 0.3);
  f.run.schedule_views = {{2, ScheduleInterval::epoch, {}}};
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  CHECK(f.monitor.lrs().at("lr-SGD") == std::vector{0.3});
  CHECK(f.monitor.lrs().at("lr-SGD-1") == std::vector{0.1});
  CHECK(f.monitor.lrs().at("lr-SGD-2") == std::vector{0.2});
}

TEST_CASE("a schedule may have a name of its own") {
  Fixture f;
  f.group(0, 0.1);
  f.run.schedule_views = {{0, ScheduleInterval::epoch, "my-rate"}};
  f.monitor.on_train_start(f.run);
  CHECK(f.keys() == Names{"my-rate"});
}

TEST_CASE("momentum and weight decay are logged too") {
  Fixture f{{.log_momentum = true, .log_weight_decay = true}};
  f.group(0, 0.1);
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  const lt::MetricTable& table = f.run.logged.at(0).second;
  CHECK(table.names() == Names{"lr-SGD", "lr-SGD-momentum", "lr-SGD-weight_decay"});
  CHECK(table.find("lr-SGD-momentum") == 0.9);
  CHECK(f.monitor.last_weight_decay_values().at("lr-SGD-weight_decay") == 0.01);
  CHECK(f.run.said.empty());
}

TEST_CASE("no momentum is 0, with a warning") {
  Fixture f{{.log_momentum = true}};
  f.group(0, 0.1);
  f.run.group_views[0].momentum.reset();
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  CHECK(f.monitor.last_momentum_values().at("lr-SGD-momentum") == 0.0);
  REQUIRE(f.run.said.size() == 1);
  CHECK(f.run.said[0].starts_with("lt[W332]"));
}

TEST_CASE("a group that is added renames the first") {
  Fixture f;
  f.group(0, 0.1);
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  f.group(0, 0.2);
  f.monitor.on_train_epoch_start(f.run);
  CHECK(f.keys() == Names{"lr-SGD/pg1", "lr-SGD/pg2"});
  CHECK(f.monitor.lrs().at("lr-SGD/pg1") == std::vector{0.1, 0.1});
  CHECK(f.monitor.lrs().at("lr-SGD/pg2") == std::vector{0.2});
}

TEST_CASE("another fit begins anew") {
  Fixture f;
  f.group(0, 0.1);
  f.monitor.on_train_start(f.run);
  f.monitor.on_train_epoch_start(f.run);
  f.monitor.on_train_start(f.run);
  CHECK(f.monitor.lrs().at("lr-SGD").empty());
}

TEST_CASE("what it cannot monitor") {
  Fixture no_logger;
  no_logger.run.places.clear();
  CHECK_THROWS_WITH_AS(no_logger.monitor.on_train_start(no_logger.run),
                       doctest::Contains("lt[E344]"), lt::ConfigError);
  Fixture twins;
  twins.group(0, 0.1, "a");
  twins.group(0, 0.2, "a");
  CHECK_THROWS_WITH_AS(twins.monitor.on_train_start(twins.run),
                       doctest::Contains("the name 'a'"), lt::ConfigError);
}
