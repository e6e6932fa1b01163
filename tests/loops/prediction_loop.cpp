// SPDX-License-Identifier: Apache-2.0
#include <lt/loops/prediction_loop.hpp>

#include "fake_engine.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {
using Strings = std::vector<std::string>;

struct Run {
  explicit Run(const std::vector<std::int64_t>& loaders, lt::TrainerOptions options = {})
      : engine(std::move(options)), loop(engine) {
    engine.state().fn = lt::RunFn::predict;
    engine.state().stage = lt::Stage::predict;
    for (const std::int64_t size : loaders) {
      engine.predict_data.loaders.push_back({size, true});
    }
  }
  FakeEngine engine;
  lt::PredictionLoop<FakeEngine> loop;
};
}  // namespace

TEST_CASE("predict: the hooks in their order") {
  Run run({1});
  CHECK(run.loop.run());
  CHECK(run.engine.events == Strings{"predict_dataloader", "capture_modes", "on_predict_model_eval",
                                     "on_predict_start", "on_predict_epoch_start",
                                     "on_predict_batch_start 0", "predict_step 0",
                                     "on_predict_batch_end 0", "on_predict_epoch_end",
                                     "on_predict_end", "restore_modes"});
  CHECK(run.engine.state().predict_batches.total == lt::Tracker{1, 1, 1, 1});
  CHECK(run.engine.without_grad == 0);
}

TEST_CASE("predictions are kept for each loader") {
  Run run({2, 1});
  CHECK(run.loop.run());
  CHECK(run.engine.predictions == std::vector<Strings>{{"0:0", "1:0"}, {"0:1"}});
}

TEST_CASE("limit_predict_batches") {
  Run run({5}, {.limit_predict_batches = 2});
  CHECK(run.loop.run());
  CHECK(run.engine.predictions == std::vector<Strings>{{"0:0", "1:0"}});
}

TEST_CASE("nothing to predict") {
  SUBCASE("limit 0 asks for nothing") {
    Run run({5}, {.limit_predict_batches = 0});
    CHECK(!run.loop.run());
    CHECK(run.engine.events.empty());
  }
  SUBCASE("no batches") {
    Run run({0, 0});
    CHECK(!run.loop.run());
    CHECK(run.engine.events == Strings{"predict_dataloader"});
  }
}

TEST_CASE("loaders side by side are refused (loaders_predict_max_size)") {
  Run run({1, 1});
  run.engine.predict_data.in_sequence = false;
  CHECK_THROWS_WITH_AS(run.loop.run(), doctest::Contains("lt[E151]"), lt::ConfigError);
}

TEST_CASE("a second run starts from the first batch") {
  Run run({2});
  run.loop.run();
  run.loop.run();
  CHECK(run.engine.predictions == std::vector<Strings>{{"0:0", "1:0"}});
  CHECK(run.engine.state().predict_batches.current.completed == 2);
  CHECK(run.engine.state().predict_batches.total.completed == 4);
}

TEST_CASE("an interrupt between two batches") {
  Run run({2});
  run.engine.is_interrupted = true;
  CHECK_THROWS_WITH_AS(run.loop.run(), "SIGTERM received during prediction", lt::Interrupted);
}
