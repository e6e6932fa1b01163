// SPDX-License-Identifier: Apache-2.0
// What a trainer measures, and that it measures nothing without a profiler.
#include "models.hpp"

#include "doctest_torch.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using test::Data;
using test::Linear;

namespace {

/// Counts actions and checks that they nest.
struct Counter {
  using policy_family = lt::profiler_tag;
  void open(lt::RunView&) { ++opened; }
  void start(std::string_view action) {
    running.emplace_back(action);
    ++calls[std::string(action)];
  }
  void stop(std::string_view action) {
    REQUIRE(!running.empty());
    CHECK(running.back() == action);
    running.pop_back();
  }
  std::string summary() const { return {}; }
  void describe() { ++described; }

  std::vector<std::string> running;
  std::map<std::string, int> calls;
  int opened = 0;
  int described = 0;
};
static_assert(lt::Profiler<Counter>);

struct Watcher {
  template <class Outputs>
  void on_train_batch_end(lt::RunView& run, const Outputs&, const test::Batch&, std::int64_t) {
    if (throws && run.global_step() == 2) {
      throw lt::Error("thrown on purpose");
    }
  }
  bool throws = false;
};

using Profiled = lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                             lt::precision::F32, Counter, Watcher>;

}  // namespace

TEST_CASE("Lightning's actions, nested, as often as they happen") {
  Linear model;
  Data data;
  Profiled trainer{test::quiet({.max_epochs = 2, .num_sanity_val_steps = 0})};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  Counter& counter = trainer.get<Counter>();
  CHECK(counter.opened == 1);
  CHECK(counter.described == 1);
  CHECK(counter.running.empty());
  auto& calls = counter.calls;
  CHECK(calls["run_training_epoch"] == 2);
  CHECK(calls["run_training_batch"] == 6);
  CHECK(calls["[_TrainingEpochLoop].train_dataloader_next"] == 6);
  CHECK(calls["[Strategy]SingleDeviceStrategy.training_step"] == 6);
  CHECK(calls["[Strategy]SingleDeviceStrategy.validation_step"] == 4);
  CHECK(calls["[Strategy]SingleDeviceStrategy.backward"] == 6);
  CHECK(calls["[LightningModule]Linear.optimizer_step"] == 6);
  CHECK(calls["[LightningModule]Linear.configure_optimizers"] == 1);
  CHECK(calls["[Callback]Watcher.on_train_batch_end"] == 6);
}

TEST_CASE("an exception stops what runs and passes") {
  Linear model;
  Data data;
  Profiled trainer{test::quiet({.max_epochs = 2}), Watcher{true}};
  trainer.set_message_sink({});
  CHECK_THROWS_WITH(trainer.fit(model, data), "thrown on purpose");
  CHECK(trainer.get<Counter>().running.empty());
  CHECK(trainer.get<Counter>().described == 0);
}

TEST_CASE("lt's own profilers go through a fit") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::SimpleProfiler>
      trainer{test::quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  CHECK(trainer.get<lt::SimpleProfiler>().summary().find(
            "|  [Strategy]SingleDeviceStrategy.training_step") != std::string::npos);
}

TEST_CASE("without a profiler nothing is measured") {
  using Plain = lt::Trainer<Linear, Data>::Engine;
  CHECK_FALSE(Plain::is_profiled);
  CHECK(std::is_same_v<decltype(std::declval<Plain&>().measure("")), lt::Unmeasured>);
  CHECK(std::is_same_v<decltype(std::declval<Plain&>().measure_model<lt::hook::training_step>()),
                       lt::Unmeasured>);
}
