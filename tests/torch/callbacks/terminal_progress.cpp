// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/progress/terminal.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace {

// A run of two epochs with four batches each and one validation batch.
struct Fixture {
  explicit Fixture(bool terminal, int width = 200, lt::TerminalProgress::Options options = {})
      : bar(options) {
    bar.set_clock(lt::Clock(&now));
    bar.set_console(lt::Console(out, terminal, width));
    run.state().plan.max_epochs = 2;
    run.state().plan.num_training_batches = 4;
    run.places = {{"lightning_logs", "version_3", ""}};
    bar.setup(run, lt::RunFn::fit);
    bar.on_train_start(run);
  }
  std::string take() { return std::exchange(out, {}); }
  void epoch_start(std::int64_t epoch) {
    run.at(epoch, 4 * epoch);
    bar.on_train_epoch_start(run);
  }
  void batch(std::int64_t index, double at) {
    now = at;
    bar.on_train_batch_end(run, 0, 0, index);
  }

  std::string out;
  double now = 100.0;
  lt_test::FakeRun run;
  lt::TerminalProgress bar;
};

const std::string done_half = "━━━━━━━━━━──────────";

}  // namespace

TEST_SUITE("on a terminal") {
  TEST_CASE("one line with everything") {
    Fixture f(true);
    f.run.progress_bar_metrics_.set("train_loss", 0.12345);
    f.epoch_start(0);
    f.batch(1, 101.0);
    CHECK(f.take() == "\rEpoch 0/1 " + done_half +
                          " 2/4 0:00:01 • 0:00:01 2.00it/s v_num: 3 train_loss: 0.123\x1b[K");
  }

  TEST_CASE("it is redrawn at most ten times a second") {
    Fixture f(true);
    f.epoch_start(0);
    f.batch(0, 100.01);  // the first line comes at once
    CHECK_FALSE(f.take().empty());
    const int reads = f.run.reads;
    f.batch(1, 100.10);
    CHECK(f.take().empty());
    CHECK(f.run.reads == reads);  // and metrics are read only for it
    f.batch(2, 100.12);
    CHECK_FALSE(f.take().empty());
    CHECK(f.run.reads == reads + 1);
  }

  TEST_CASE("the epoch's end is always drawn; the next epoch takes the line over") {
    Fixture f(true);
    f.epoch_start(0);
    f.batch(3, 100.01);
    f.take();
    f.bar.on_train_epoch_end(f.run);
    CHECK(f.take().find("4/4") != std::string::npos);
    f.epoch_start(1);
    f.batch(0, 101.0);
    CHECK(f.take().starts_with("\rEpoch 1/1"));
    f.bar.on_train_end(f.run);
    CHECK(f.take() == "\n");
  }

  TEST_CASE("leave keeps the line of each epoch") {
    Fixture f(true, 200, {.leave = true});
    f.epoch_start(0);
    f.batch(3, 101.0);
    f.bar.on_train_epoch_end(f.run);
    CHECK(f.take().ends_with("\x1b[K\n"));
  }

  TEST_CASE("a narrow terminal cuts the line before its last column") {
    Fixture f(true, 20);
    f.epoch_start(0);
    f.batch(1, 101.0);
    CHECK(f.take() == "\rEpoch 0/1 ━━━━━━━━━\x1b[K");
  }

  TEST_CASE("without unicode the bar is ASCII") {
    Fixture f(true);
    f.bar.set_console(lt::Console(f.out, true, 200, false));
    f.epoch_start(0);
    f.batch(1, 101.0);
    CHECK(f.take().starts_with("\rEpoch 0/1 ==========---------- 2/4 0:00:01 - 0:00:01"));
  }

  TEST_CASE("streams have no bar and no time left") {
    Fixture f(true);
    f.run.state().plan.num_training_batches = lt::BatchCount::infinite();
    f.run.state().plan.max_epochs = -1;
    f.epoch_start(0);
    f.batch(1, 101.0);
    CHECK(f.take() == "\rEpoch 0 2/-- 0:00:01 • -:--:-- 2.00it/s v_num: 3\x1b[K");
  }

  TEST_CASE("validation has a line of its own, and its time does not count for training") {
    Fixture f(true);
    f.epoch_start(0);
    f.batch(3, 102.0);
    f.take();
    f.run.state().stage = lt::Stage::validate;
    f.bar.on_validation_start(f.run);
    f.now = 112.0;
    f.bar.on_validation_batch_end(f.run, 0, 0, 0);
    CHECK(f.take().starts_with("\rValidation ━━━━━━━━━━━━━━━━━━━━ 1/1 0:00:10"));
    f.bar.on_validation_end(f.run);
    f.take();
    f.run.state().stage = lt::Stage::train;
    f.bar.on_train_epoch_end(f.run);
    CHECK(f.take().find("4/4 0:00:02 • 0:00:00 2.00it/s") != std::string::npos);
  }

  TEST_CASE("the sanity check leaves no trace") {
    Fixture f(true);
    f.run.state().stage = lt::Stage::sanity_check;
    f.run.state().plan.num_val_batches = {5, 1};
    f.bar.on_sanity_check_start(f.run);
    f.bar.on_validation_start(f.run);
    f.now = 101.0;
    f.bar.on_validation_batch_end(f.run, 0, 0, 0);
    CHECK(f.take().find("Sanity Checking ━━━━━━────────────── 1/3") != std::string::npos);
    f.bar.on_validation_end(f.run);
    CHECK(f.take() == "\r\x1b[K");
  }

  TEST_CASE("an exception ends the line") {
    Fixture f(true);
    f.epoch_start(0);
    f.batch(0, 101.0);
    f.take();
    f.bar.on_exception(f.run, std::runtime_error("broken"));
    CHECK(f.take() == "\n");
    f.bar.teardown(f.run, lt::RunFn::fit);
    CHECK(f.take().empty());
  }

  TEST_CASE("test and prediction") {
    Fixture f(true);
    f.run.state().fn = lt::RunFn::test;
    f.run.state().stage = lt::Stage::test;
    f.run.eval_batches = {2, 2};
    f.bar.on_test_start(f.run);
    f.now = 101.0;
    f.bar.on_test_batch_end(f.run, 0, 0, 0);
    CHECK(f.take().find("Testing ━━━━━─────────────── 1/4") != std::string::npos);
    f.bar.on_test_end(f.run);
    CHECK(f.take().ends_with("\n"));
    f.run.eval_batches.clear();
    f.bar.on_predict_start(f.run);
    f.now = 102.0;
    f.bar.on_predict_batch_end(f.run, 0, 0, 0);
    CHECK(f.take().starts_with("\rPredicting 1/--"));
  }
}

TEST_SUITE("elsewhere") {
  TEST_CASE("a line after the first batch, each validation and each epoch") {
    Fixture f(false);
    f.epoch_start(0);
    f.batch(0, 100.5);
    CHECK(f.take() == "Epoch 0/1: 1/4 0:00:00 2.00it/s v_num: 3\n");
    f.batch(1, 200.0);
    f.batch(3, 204.0);
    CHECK(f.take().empty());
    f.run.state().stage = lt::Stage::validate;
    f.bar.on_validation_start(f.run);
    f.now = 205.0;
    f.bar.on_validation_batch_end(f.run, 0, 0, 0);
    CHECK(f.take().empty());
    f.run.progress_bar_metrics_.set("val_acc", 0.98);
    f.bar.on_validation_end(f.run);
    CHECK(f.take() == "Validation: 1/1 0:00:01 1.00it/s v_num: 3 val_acc: 0.980\n");
    f.run.state().stage = lt::Stage::train;
    f.bar.on_train_epoch_end(f.run);
    CHECK(f.take() == "Epoch 0/1: 4/4 0:01:44 0.04it/s v_num: 3 val_acc: 0.980\n");
    f.epoch_start(1);
    f.batch(0, 206.0);
    CHECK(f.take().empty());
    f.bar.on_train_end(f.run);
    CHECK(f.take().empty());
  }

  TEST_CASE("the sanity check says nothing") {
    Fixture f(false);
    f.run.state().stage = lt::Stage::sanity_check;
    f.bar.on_sanity_check_start(f.run);
    f.bar.on_validation_batch_end(f.run, 0, 0, 0);
    f.bar.on_validation_end(f.run);
    CHECK(f.take().empty());
  }
}

TEST_SUITE("who and what") {
  TEST_CASE("only rank zero, and not at a rate of 0") {
    Fixture f(false);
    f.run.global_rank = 1;
    f.bar.setup(f.run, lt::RunFn::fit);
    f.epoch_start(0);
    f.batch(0, 101.0);
    f.bar.on_train_epoch_end(f.run);
    CHECK(f.take().empty());
    Fixture off(true, 80, {.refresh_rate = 0.0});
    off.epoch_start(0);
    off.batch(0, 101.0);
    CHECK(off.take().empty());
    CHECK_THROWS_AS(lt::TerminalProgress({.refresh_rate = -1.0}), lt::ConfigError);
  }

  TEST_CASE("the versions of the loggers") {
    const auto shown = [](std::vector<lt::LoggerPlace> places) {
      Fixture f(false);
      f.run.places = std::move(places);
      f.bar.setup(f.run, lt::RunFn::fit);
      f.epoch_start(0);
      f.batch(0, 100.5);
      const std::string line = f.take();
      return line.substr(line.find("it/s") + 4);
    };
    CHECK(shown({}) == "\n");
    CHECK(shown({{"a", "version_12", ""}, {"b", "version_12", ""}}) == " v_num: 12\n");
    CHECK(shown({{"a", "version_1", ""}, {"b", "experiment", ""}}) == " v_num: 1_ment\n");
  }
}
