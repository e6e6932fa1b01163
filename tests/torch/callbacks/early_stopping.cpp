// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/early_stopping.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

namespace {

using lt::EarlyStopping;
using lt::Mode;
using Reason = lt::EarlyStoppingReason;

struct Fixture {
  explicit Fixture(EarlyStopping::Options options) : stopping(with_monitor(std::move(options))) {
    stopping.setup(run, lt::RunFn::fit);
  }
  static EarlyStopping::Options with_monitor(EarlyStopping::Options options) {
    options.monitor = "score";
    return options;
  }

  // Checks one score per epoch until the run is told to stop; the number of checks.
  std::int64_t checks(std::initializer_list<double> scores) {
    std::int64_t epoch = 0;
    for (const double score : scores) {
      run.metric("score", score);
      run.at(epoch++, 0);
      stopping.on_train_epoch_end(run);
      if (run.should_stop()) {
        break;
      }
    }
    return epoch;
  }

  lt_test::FakeRun run;
  EarlyStopping stopping;
};

}  // namespace

TEST_CASE("stops after `patience` checks without improvement") {
  Fixture f{{}};
  CHECK(f.checks({1.0, 0.5, 0.6, 0.5, 0.7, 0.1}) == 5);
  CHECK(f.stopping.stopping_reason() == Reason::patience_exhausted);
  CHECK(f.stopping.stopped_epoch() == 4);
  CHECK(f.stopping.wait_count() == 3);
  CHECK(f.stopping.best_score() == 0.5);
  CHECK(f.stopping.stopping_reason_message() ==
        "Monitored metric score did not improve in the last 3 records. Best score: 0.500. "
        "Signaling Trainer to stop.");
}

TEST_CASE("a patience of 0 is one of 1") {
  Fixture zero{{.patience = 0}};
  CHECK(zero.checks({1.0, 1.0, 1.0}) == 2);
  Fixture one{{.patience = 1}};
  CHECK(one.checks({1.0, 1.0, 1.0}) == 2);
}

TEST_CASE("an improvement must be more than min_delta") {
  Fixture small{{.min_delta = 0.25, .patience = 1}};
  CHECK(small.checks({1.0, 0.75}) == 2);
  CHECK(small.run.should_stop());
  Fixture large{{.min_delta = 0.25, .patience = 1, .mode = Mode::max}};
  CHECK(large.checks({1.0, 1.5, 1.75}) == 3);
  CHECK(large.stopping.best_score() == 1.5);
}

TEST_CASE("arithmetic is that of floats, or of doubles under 64-true") {
  // The float next to 0.1 is more than the double 0.1.
  Fixture floats{{.mode = Mode::max, .stopping_threshold = 0.1}};
  floats.checks({0.1});
  CHECK_FALSE(floats.run.should_stop());
  CHECK(floats.stopping.best_score() == static_cast<double>(0.1F));
  CHECK_FALSE(floats.stopping.state_dict().best_score.in_double);
  Fixture doubles{{.mode = Mode::max, .stopping_threshold = 0.1}};
  doubles.run.metrics_in_double = true;
  doubles.checks({0.05, 0.1000000001});
  CHECK(doubles.run.should_stop());
  CHECK(doubles.stopping.state_dict().best_score.in_double);
}

TEST_CASE("thresholds stop at once and leave best and wait untouched") {
  Fixture f{{.stopping_threshold = 0.2}};
  CHECK(f.checks({1.0, 1.5, 0.1}) == 3);
  CHECK(f.stopping.stopping_reason() == Reason::stopping_threshold);
  CHECK(f.stopping.best_score() == 1.0);
  CHECK(f.stopping.wait_count() == 1);
  CHECK(
      f.stopping.stopping_reason_message() ==
      "Stopping threshold reached: score = 0.10000000149011612 < 0.2. Signaling Trainer to stop.");
  Fixture g{{.divergence_threshold = 5.0}};
  CHECK(g.checks({1.0, 5.0, 6.0}) == 3);
  CHECK(g.stopping.stopping_reason() == Reason::divergence_threshold);
}

TEST_CASE("a value that is not finite") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Fixture f{{}};
  CHECK(f.checks({1.0, nan}) == 2);
  CHECK(f.stopping.stopping_reason() == Reason::non_finite_metric);
  CHECK(f.stopping.stopping_reason_message() ==
        "Monitored metric score = nan is not finite. Previous best value was 1.000. Signaling "
        "Trainer to stop.");
  Fixture allowed{{.patience = 2, .check_finite = false}};
  CHECK(allowed.checks({1.0, nan, nan, 0.0}) == 3);
  CHECK(allowed.stopping.stopping_reason() == Reason::patience_exhausted);
}

TEST_CASE("verbose says how much was gained") {
  Fixture f{{.verbose = true}};
  f.checks({1.0, 0.5, 0.75});
  REQUIRE(f.run.said.size() == 2);
  CHECK(f.run.said[0] == "lt[I303] Metric score improved. New best score: 1.000");
  CHECK(f.run.said[1] ==
        "lt[I303] Metric score improved by 0.500 >= min_delta = 0.0. New best score: 0.500");
}

TEST_CASE("several ranks are told apart") {
  Fixture f{{.verbose = true}};
  f.run.world_size = 2;
  f.checks({1.0});
  REQUIRE(f.run.said.size() == 1);
  CHECK(f.run.said[0].starts_with("lt[I303] [rank: 0] Metric"));
}

TEST_CASE("checked at the end of the training epoch, or after validation") {
  const auto at_epoch_end = [](auto&& change) {
    lt_test::FakeRun run;
    change(run.trainer());
    EarlyStopping stopping{{.monitor = "score"}};
    stopping.setup(run, lt::RunFn::fit);
    run.metric("score", std::numeric_limits<double>::infinity());
    stopping.on_train_epoch_end(run);
    const bool epoch_end = run.should_stop();
    run.state().should_stop = false;
    stopping.on_validation_end(run);
    CHECK(run.should_stop() != epoch_end);
    return epoch_end;
  };
  CHECK(at_epoch_end([](lt::TrainerOptions&) {}));
  CHECK_FALSE(at_epoch_end([](lt::TrainerOptions& o) { o.val_check_interval = 0.5; }));
  CHECK_FALSE(at_epoch_end([](lt::TrainerOptions& o) { o.check_val_every_n_epoch = 2; }));
  CHECK_FALSE(
      at_epoch_end([](lt::TrainerOptions& o) { o.val_check_interval = std::chrono::seconds(1); }));
  Fixture fixed{{.check_on_train_epoch_end = false}};
  fixed.checks({std::numeric_limits<double>::infinity()});
  CHECK_FALSE(fixed.run.should_stop());
}

TEST_CASE("not in the sanity check, outside of fit or in a fast_dev_run") {
  Fixture f{{}};
  const double bad = std::numeric_limits<double>::infinity();
  f.run.state().stage = lt::Stage::sanity_check;
  f.checks({bad});
  f.run.state().stage = lt::Stage::validate;
  f.run.state().fn = lt::RunFn::validate;
  f.checks({bad});
  f.run.state().fn = lt::RunFn::fit;
  f.run.trainer().fast_dev_run = 1;
  f.checks({bad});
  CHECK_FALSE(f.run.should_stop());
}

TEST_CASE("a missing metric is an error that lists the logged ones") {
  lt_test::FakeRun run;
  run.metric("val_loss", 1.0);
  EarlyStopping strict{{.monitor = "val_los", .check_on_train_epoch_end = true}};
  CHECK_THROWS_WITH_AS(strict.on_train_epoch_end(run),
                       doctest::Contains("lt[E301] EarlyStopping: monitor = 'val_los' is not among "
                                         "the logged metrics; found [val_loss]"),
                       lt::ConfigError);
  EarlyStopping lenient{{.monitor = "x", .strict = false, .check_on_train_epoch_end = true}};
  lenient.on_train_epoch_end(run);
  CHECK(run.said.empty());
  EarlyStopping says{
      {.monitor = "x", .verbose = true, .strict = false, .check_on_train_epoch_end = true}};
  says.on_train_epoch_end(run);
  says.on_train_epoch_end(run);
  CHECK(run.said.size() == 1);
}

TEST_CASE("a monitor is needed") {
  CHECK_THROWS_WITH_AS(EarlyStopping(EarlyStopping::Options{}), doctest::Contains("lt[E320]"),
                       lt::ConfigError);
}

TEST_CASE("the state comes back, patience included") {
  Fixture f{{.patience = 2}};
  f.checks({1.0, 2.0, 3.0});
  CHECK(f.stopping.state_key() == "EarlyStopping{'monitor': 'score', 'mode': 'min'}");
  EarlyStopping other{{.monitor = "score", .patience = 9}};
  other.load_state_dict(f.stopping.state_dict());
  CHECK(other.wait_count() == 2);
  CHECK(other.patience() == 2);
  CHECK(other.stopped_epoch() == 2);
  CHECK(other.best_score() == 1.0);
  CHECK(other.stopping_reason() == Reason::patience_exhausted);
  CHECK(other.stopping_reason_message() == f.stopping.stopping_reason_message());
}
