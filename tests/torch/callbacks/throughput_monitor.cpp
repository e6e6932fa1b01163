// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/throughput_monitor.hpp"

#include "fake_run.hpp"

#include <torch/torch.h>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using lt_test::FakeRun;

struct FourSamples {
  std::int64_t operator()(int) const { return 4; }
};
struct TenItems {
  std::int64_t operator()(int) const { return 10; }
};
struct Model {
  double flops_per_batch = 100.0;
};
/// A run whose model counts its operations.
class RunWithModel : public FakeRun {
 public:
  Model& model() { return model_; }

 private:
  Model model_;
};

template <class Monitor, class Run>
void train_batch(Monitor& monitor, Run& run, double& now, double seconds) {
  now += seconds;
  run.state().fit.batches.current.ready += 1;
  monitor.on_train_batch_end(run, 0, 7, 0);
  run.state().fit.batches_that_stepped += 1;
}

}  // namespace

TEST_CASE("figures of training at the steps that are logged, under the stage's name") {
  double now = 50.0;
  FakeRun run;
  run.trainer().log_every_n_steps = 2;
  lt::ThroughputMonitor<FourSamples> monitor{{.window_size = 2}};
  monitor.set_clock(lt::Clock(&now));
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_start(run);
  train_batch(monitor, run, now, 1.0);
  CHECK(run.logged.empty());
  train_batch(monitor, run, now, 2.0);
  REQUIRE(run.logged.size() == 1);
  CHECK(run.logged[0].first == 1);
  const lt::MetricTable& record = run.logged[0].second;
  CHECK(record.find("train/time") == 3.0);
  CHECK(record.find("train/batches") == 2.0);
  CHECK(record.find("train/samples") == 8.0);
  CHECK(record.find("train/device/batches_per_sec") == 0.5);
  CHECK(record.find("train/device/samples_per_sec") == 2.0);
  REQUIRE(run.said.size() == 1);  // once: the model has no flops_per_batch
  CHECK(run.said[0].find("lt[W630]") == 0);
}

TEST_CASE("items by length_fn, operations by the model's flops_per_batch") {
  double now = 0.0;
  RunWithModel run;
  run.trainer().log_every_n_steps = 1;
  lt::ThroughputMonitor<FourSamples, TenItems> monitor{
      {.available_flops = 400.0, .window_size = 2}};
  monitor.set_clock(lt::Clock(&now));
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_start(run);
  train_batch(monitor, run, now, 1.0);
  train_batch(monitor, run, now, 0.5);
  const lt::MetricTable& record = run.logged.back().second;
  CHECK(record.find("train/lengths") == 20.0);
  CHECK(record.find("train/device/items_per_sec") == 20.0);
  CHECK(record.find("train/device/flops_per_sec") == 200.0);
  CHECK(record.find("train/device/mfu") == 0.5);
  CHECK(run.said.empty());
}

TEST_CASE("while gradients are gathered nothing is written") {
  double now = 0.0;
  FakeRun run;
  run.trainer().log_every_n_steps = 1;
  run.state().plan.accumulate_grad_batches = 2;
  lt::ThroughputMonitor<FourSamples> monitor;
  monitor.set_clock(lt::Clock(&now));
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_start(run);
  train_batch(monitor, run, now, 1.0);
  CHECK(run.logged.empty());
  train_batch(monitor, run, now, 1.0);
  CHECK(run.logged.size() == 1);
}

TEST_CASE("validation inside fit has its own window and takes no time of training") {
  double now = 0.0;
  FakeRun run;
  run.trainer().log_every_n_steps = 1;
  lt::ThroughputMonitor<FourSamples> monitor{{.window_size = 2}};
  monitor.set_clock(lt::Clock(&now));
  monitor.setup(run, lt::RunFn::fit);
  monitor.on_train_start(run);
  train_batch(monitor, run, now, 1.0);

  now += 0.5;  // between training and validation
  run.state().stage = lt::Stage::validate;
  monitor.on_validation_start(run);
  now += 10.0;
  run.state().fit.val_batches.current.ready = 1;
  run.state().fit.val_batches.total.ready = 3;
  monitor.on_validation_batch_end(run, 0, 7, 0);
  CHECK(run.logged.back().first == 3);
  CHECK(run.logged.back().second.find("validate/time") == 10.0);
  monitor.on_validation_end(run);
  run.state().stage = lt::Stage::train;

  train_batch(monitor, run, now, 1.0);
  CHECK(run.logged.back().second.find("train/time") == 2.0);
  CHECK(run.logged.back().second.find("train/device/batches_per_sec") == 1.0);
}

TEST_CASE("the sanity check and other ranks are not measured") {
  FakeRun run;
  run.trainer().log_every_n_steps = 1;
  lt::ThroughputMonitor<FourSamples> monitor;
  monitor.setup(run, lt::RunFn::fit);
  run.state().stage = lt::Stage::sanity_check;
  monitor.on_validation_start(run);
  monitor.on_validation_batch_end(run, 0, 7, 0);
  run.state().stage = lt::Stage::train;
  run.global_rank = 1;
  monitor.on_train_start(run);
  monitor.on_train_batch_end(run, 0, 7, 0);
  CHECK(run.logged.empty());
}

TEST_CASE("test and prediction write at their own batch counters") {
  double now = 0.0;
  FakeRun run;
  run.trainer().log_every_n_steps = 1;
  lt::ThroughputMonitor<FourSamples> monitor;
  monitor.set_clock(lt::Clock(&now));
  run.state().fn = lt::RunFn::test;
  run.state().stage = lt::Stage::test;
  monitor.setup(run, lt::RunFn::test);
  monitor.on_test_start(run);
  now = 1.0;
  run.state().test_batches.current.ready = run.state().test_batches.total.ready = 1;
  monitor.on_test_batch_end(run, 0, 7, 0);
  CHECK(run.logged.back().first == 1);
  CHECK(run.logged.back().second.contains("test/batches"));

  run.state().fn = lt::RunFn::predict;
  run.state().stage = lt::Stage::predict;
  monitor.setup(run, lt::RunFn::predict);
  monitor.on_predict_start(run);
  now = 2.0;
  run.state().predict_batches.current.ready = run.state().predict_batches.total.ready = 1;
  monitor.on_predict_batch_end(run, 0, 7, 0);
  CHECK(run.logged.back().second.contains("predict/batches"));
}

TEST_CASE("samples are the first dimension of the first tensor; a batch without one is refused") {
  CHECK(lt::FirstDimension{}(std::vector<at::Tensor>{at::ones({3, 2}), at::ones({3})}) == 3);
  CHECK_THROWS_AS(lt::FirstDimension{}(std::vector<at::Tensor>{}), lt::DataError);
  CHECK_THROWS_AS(lt::ThroughputMonitor<>({.window_size = 1}), lt::ConfigError);
}
