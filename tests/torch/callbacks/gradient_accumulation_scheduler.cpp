// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/gradient_accumulation_scheduler.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <cstdint>

using lt::GradientAccumulationScheduler;

namespace {
// A context that knows the model, as that of a trainer.
template <class Model>
struct ModelRun : lt_test::FakeRun {
  Model& model() { return model_; }
  Model model_;
};
struct PlainModel {};
struct SteppingModel {
  void optimizer_step(std::int64_t, std::int64_t, auto&, auto&) {}
};
struct ZeroingModel {
  void optimizer_zero_grad(std::int64_t, std::int64_t, auto&) {}
};

std::int64_t window(GradientAccumulationScheduler& callback, lt_test::FakeRun& run,
                    std::int64_t epoch) {
  run.at(epoch, 0);
  callback.on_train_epoch_start(run);
  return run.state().plan.accumulate_grad_batches;
}
}  // namespace

TEST_CASE("the window changes with the epoch, in whatever order entries stand") {
  lt_test::FakeRun run;
  run.state().automatic_optimization = true;
  GradientAccumulationScheduler callback{{.scheduling = {{4, 8}, {2, 3}}}};
  callback.on_train_start(run);
  CHECK(window(callback, run, 0) == 1);
  CHECK(window(callback, run, 1) == 1);
  CHECK(window(callback, run, 2) == 3);
  CHECK(window(callback, run, 3) == 3);
  CHECK(window(callback, run, 4) == 8);
  CHECK(window(callback, run, 100) == 8);
}

TEST_CASE("epoch 0 may have an entry") {
  lt_test::FakeRun run;
  GradientAccumulationScheduler callback{{.scheduling = {{0, 5}}}};
  CHECK(window(callback, run, 0) == 5);
  CHECK(callback.going_to_accumulate_grad_batches());
  CHECK_FALSE(GradientAccumulationScheduler{{.scheduling = {{3, 1}}}}
                  .going_to_accumulate_grad_batches());
}

TEST_CASE("what cannot be a schedule") {
  CHECK_THROWS_WITH_AS(GradientAccumulationScheduler({}), doctest::Contains("lt[E333]"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(GradientAccumulationScheduler({.scheduling = {{-1, 2}}}),
                       doctest::Contains("lt[E334]"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(GradientAccumulationScheduler({.scheduling = {{0, 2}, {1, 0}}}),
                       doctest::Contains("found scheduling = [0: 2, 1: 0]"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(GradientAccumulationScheduler({.scheduling = {{1, 2}, {1, 3}}}),
                       doctest::Contains("lt[E336]"), lt::ConfigError);
}

TEST_CASE("the schedule can be checked by the compiler") {
  const GradientAccumulationScheduler callback(lt::checked<[] {
    return lt::GradientAccumulationSchedulerOptions{.scheduling = {{4, 2}}};
  }>());
  CHECK(callback.get_accumulate_grad_batches(4) == 2);
}

TEST_CASE("it goes neither with manual optimization nor with the trainer's option") {
  lt_test::FakeRun run;
  GradientAccumulationScheduler callback{{.scheduling = {{0, 2}}}};
  run.state().automatic_optimization = false;
  CHECK_THROWS_WITH_AS(callback.on_train_start(run), doctest::Contains("lt[E337]"),
                       lt::ConfigError);
  run.state().automatic_optimization = true;
  run.trainer().accumulate_grad_batches = 4;
  CHECK_THROWS_WITH_AS(callback.on_train_start(run),
                       doctest::Contains("accumulate_grad_batches = 4"), lt::ConfigError);
}

TEST_CASE("a model that takes over steps is warned about them") {
  GradientAccumulationScheduler callback{{.scheduling = {{0, 2}}}};
  GradientAccumulationScheduler idle{{.scheduling = {{0, 1}}}};
  ModelRun<PlainModel> plain;
  ModelRun<SteppingModel> stepping;
  ModelRun<ZeroingModel> zeroing;
  callback.on_train_start(plain);
  idle.on_train_start(stepping);
  CHECK(plain.said.empty());
  CHECK(stepping.said.empty());
  callback.on_train_start(stepping);
  callback.on_train_start(zeroing);
  REQUIRE(stepping.said.size() == 1);
  CHECK(stepping.said[0].starts_with("lt[W331]"));
  CHECK(zeroing.said.size() == 1);
}
