// SPDX-License-Identifier: Apache-2.0
// The texts are what Lightning did: traces of tests/conformance/suite of the named case.
#include "fake_engine.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using lt::HookId;

// Stops the run the n-th time that a hook runs, counted from 0.
auto stop_at(HookId hook, int when = 0) {
  return [hook, when, count = 0](HookId now, FakeEngine& engine) mutable {
    if (now == hook && count++ == when) {
      engine.state().should_stop = true;
    }
  };
}

}  // namespace

TEST_CASE("two epochs with validation at their end (fit_default)") {
  FakeEngine engine({.max_epochs = 2});
  engine.fit();
  CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. 2*. ( 0 1 ) ] }");
  CHECK(engine.end() == "max_epochs 2 6");
  CHECK(engine.state().plan.val_check_batch == lt::BatchCount(3));
}

TEST_CASE("without validation data (fit_no_val)") {
  FakeEngine engine({.max_epochs = 2}, 3, {});
  engine.fit();
  CHECK(engine.in_short() == "T { [ 0*. 1*. 2*. ] [ 0*. 1*. 2*. ] }");
}

TEST_CASE("without a validation step") {
  FakeEngine engine({.max_epochs = 1});
  engine.model_hooks.clear();
  engine.fit();
  CHECK(engine.in_short() == "T { [ 0*. 1*. 2*. ] }");
}

TEST_CASE("the hooks of a fit in full (accumulate_2_of_3)") {
  FakeEngine engine({.max_epochs = 1, .accumulate_grad_batches = 2}, 3, {1});
  engine.fit();
  const std::vector<std::string> expected = {"train_dataloader",
                                             "val_dataloader",
                                             "on_train_start",
                                             "on_train_epoch_start",
                                             "on_train_batch_start 0",
                                             "training_step 0",
                                             "optimizer_zero_grad 0",
                                             "backward",
                                             "on_train_batch_end 0",
                                             "on_train_batch_start 1",
                                             "optimizer_step 1",
                                             "training_step 1",
                                             "backward",
                                             "on_before_optimizer_step",
                                             "on_train_batch_end 1",
                                             "on_train_batch_start 2",
                                             "optimizer_step 2",
                                             "training_step 2",
                                             "optimizer_zero_grad 2",
                                             "backward",
                                             "on_before_optimizer_step",
                                             "on_train_batch_end 2",
                                             "on_validation_model_zero_grad",
                                             "capture_modes",
                                             "on_validation_model_eval",
                                             "on_validation_start",
                                             "on_validation_epoch_start",
                                             "on_validation_batch_start 0",
                                             "validation_step 0",
                                             "on_validation_batch_end 0",
                                             "on_validation_epoch_end",
                                             "on_validation_end",
                                             "restore_modes",
                                             "on_train_epoch_end",
                                             "on_train_end"};
  CHECK(engine.events == expected);
}

TEST_CASE("max_steps") {
  SUBCASE("in the middle of an epoch (max_steps_mid_epoch)") {
    FakeEngine engine({.max_steps = 4});
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. ] }");
    CHECK(engine.end() == "max_steps 2 4");
  }
  SUBCASE("at the end of an epoch (max_steps_epoch_boundary)") {
    FakeEngine engine({.max_steps = 6});
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. 2*. ( 0 1 ) ] }");
    CHECK(engine.end() == "max_steps 2 6");
  }
  SUBCASE("before max_epochs (max_steps_first)") {
    FakeEngine engine({.max_epochs = 5, .max_steps = 2});
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. ] }");
    CHECK(engine.end() == "max_steps 1 2");
  }
  SUBCASE("without a limit of epochs (max_epochs_unlimited)") {
    FakeEngine engine({.max_epochs = -1, .max_steps = 5});
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. ] }");
    CHECK(engine.end() == "max_steps 2 5");
  }
}

TEST_CASE("nothing to train") {
  SUBCASE("max_epochs = 0") {
    FakeEngine engine({.max_epochs = 0});
    engine.fit();
    CHECK(engine.in_short() == "T");
    CHECK(engine.end() == "max_epochs 0 0");
  }
  SUBCASE("limit_train_batches = 0 (limit_train_zero)") {
    FakeEngine engine({.max_epochs = 2, .limit_train_batches = 0});
    engine.fit();
    CHECK(engine.in_short().empty());
    CHECK(engine.end() == "none 0 0");
  }
  SUBCASE("no batches (empty_train)") {
    FakeEngine engine({.max_epochs = 2}, 0);
    engine.fit();
    CHECK(engine.in_short() == "T");
    CHECK(engine.end() == "no_training_batches 0 0");
  }
  SUBCASE("told to stop before the first epoch (stop_in_fit_start)") {
    FakeEngine engine({.max_epochs = 2});
    engine.state().should_stop = true;
    engine.fit();
    CHECK(engine.in_short() == "T");
    CHECK(engine.end() == "should_stop 0 0");
  }
}

TEST_CASE("should_stop") {
  FakeEngine engine({.max_epochs = 3}, 4);
  SUBCASE("on_train_start (stop_in_train_start)") {
    engine.on_hook = stop_at(HookId::on_train_start);
    engine.fit();
    CHECK(engine.in_short() == "T V { }");
    CHECK(engine.end() == "should_stop 0 0");
  }
  SUBCASE("on_train_epoch_start (stop_in_epoch_start)") {
    engine.on_hook = stop_at(HookId::on_train_epoch_start);
    engine.fit();
    CHECK(engine.in_short() == "T V { [ ] }");
    CHECK(engine.end() == "should_stop 1 0");
  }
  SUBCASE("training_step: validates before it stops (stop_in_training_step)") {
    engine.on_hook = stop_at(HookId::training_step);
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. ( 0 1 ) ] }");
    CHECK(engine.end() == "should_stop 1 1");
    CHECK(engine.logger_saves == 1);
  }
  SUBCASE("on_train_batch_end (stop_in_train_batch_end)") {
    engine.on_hook = stop_at(HookId::on_train_batch_end, 1);
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. ( 0 1 ) ] }");
    CHECK(engine.end() == "should_stop 1 2");
  }
  SUBCASE("on_train_epoch_end (stop_in_epoch_end)") {
    engine.on_hook = stop_at(HookId::on_train_epoch_end);
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. 3*. ( 0 1 ) ] }");
    CHECK(engine.end() == "should_stop 1 4");
  }
}

TEST_CASE("should_stop during a validation inside the epoch (stop_in_validation_end)") {
  FakeEngine engine({.max_epochs = 3, .val_check_interval = 0.5}, 4);
  engine.on_hook = stop_at(HookId::on_validation_end);
  engine.fit();
  CHECK(engine.in_short() == "T V { [ 0*. 1*. ( 0 1 ) ] }");
  CHECK(engine.end() == "should_stop 1 2");
}

TEST_CASE("min_epochs holds should_stop back (min_epochs_holds_stop)") {
  FakeEngine engine({.max_epochs = 4, .min_epochs = 2});
  engine.on_hook = stop_at(HookId::on_train_batch_end);
  engine.fit();
  CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. 2*. ( 0 1 ) ] }");
  CHECK(engine.end() == "should_stop 2 6");
  CHECK(std::count(engine.said.begin(), engine.said.end(), "W022") == 1);
}

TEST_CASE("min_steps holds should_stop back (min_steps_holds_stop)") {
  FakeEngine engine({.max_epochs = 4, .min_steps = 5});
  engine.on_hook = stop_at(HookId::on_train_batch_end);
  engine.fit();
  CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. ( 0 1 ) ] }");
  CHECK(engine.end() == "should_stop 2 5");
}

TEST_CASE("reload_dataloaders_every_n_epochs") {
  SUBCASE("1 (reload_every_epoch)") {
    FakeEngine engine({.max_epochs = 3, .reload_dataloaders_every_n_epochs = 1});
    engine.fit();
    CHECK(
        engine.in_short() ==
        "T V { [ 0*. 1*. 2*. ( 0 1 ) ] T [ 0*. 1*. 2*. V ( 0 1 ) ] T [ 0*. 1*. 2*. V ( 0 1 ) ] }");
  }
  SUBCASE("2 (reload_every_2)") {
    FakeEngine engine({.max_epochs = 3, .reload_dataloaders_every_n_epochs = 2});
    engine.fit();
    CHECK(engine.in_short() ==
          "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. 2*. ( 0 1 ) ] T [ 0*. 1*. 2*. V ( 0 1 ) ] }");
  }
  SUBCASE("forget_data asks again") {
    FakeEngine engine({.max_epochs = 1});
    engine.fit();
    engine.fit_loop.forget_data();
    CHECK(!engine.fit_loop.loaded());
    engine.fit_loop.setup_data();
    CHECK(engine.events.back() == "train_dataloader");
  }
}

TEST_CASE("the loader is told the epoch") {
  FakeEngine engine({.max_epochs = 3});
  engine.fit();
  CHECK(engine.train.epochs == std::vector<std::int64_t>{0, 1, 2});
  CHECK(engine.eval.epochs == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("counters after a fit") {
  FakeEngine engine({.max_epochs = 2, .accumulate_grad_batches = 2});
  engine.fit();
  const lt::FitProgress& fit = engine.state().fit;
  CHECK(fit.epochs.total == lt::Tracker{2, 2, 2, 2});
  CHECK(fit.batches.total == lt::Tracker{6, 6, 6, 6});
  CHECK(fit.batches.current == lt::Tracker{3, 3, 3, 3});
  CHECK(fit.batches.is_last_batch);
  CHECK(fit.optimizer_steps.total.completed == 4);
  CHECK(fit.batches_that_stepped == 4);
}

TEST_CASE("epoch metrics stand at the step of the last batch") {
  FakeEngine engine({.max_epochs = 2}, 3, {});
  engine.fit();
  CHECK(engine.metrics().log ==
        std::vector<std::string>{"batch 0:0", "train step 0", "batch 1:0", "train step 1",
                                 "batch 2:0", "train step 2", "train epoch 2", "batch 0:0",
                                 "train step 3", "batch 1:0", "train step 4", "batch 2:0",
                                 "train step 5", "train epoch 5"});
}

TEST_CASE("val_check_interval beyond the epoch (val_check_interval_too_large)") {
  FakeEngine engine({.max_epochs = 2, .val_check_interval = 5});
  CHECK_THROWS_WITH_AS(engine.fit(),
                       doctest::Contains("val_check_interval = 5 is more than the batches of an "
                                         "epoch; found 3 batches"),
                       lt::ConfigError);
}

TEST_CASE("val_check_interval beyond the epoch is fine without validation") {
  FakeEngine engine({.max_epochs = 1, .limit_val_batches = 0, .val_check_interval = 5});
  engine.fit();
  CHECK(engine.in_short() == "T { [ 0*. 1*. 2*. ] }");
}

TEST_CASE("a fractional val_check_interval of a stream") {
  FakeEngine engine({.max_epochs = 2, .val_check_interval = 0.5});
  engine.train.loaders[0].known = false;
  CHECK_THROWS_WITH_AS(engine.fit(), doctest::Contains("lt[E154]"), lt::ConfigError);
}

TEST_CASE("fewer batches than log_every_n_steps is said, but only where there are loggers") {
  FakeEngine engine({.max_epochs = 1});
  engine.loggers = true;
  engine.fit();
  CHECK(std::count(engine.said.begin(), engine.said.end(), "W023") == 1);

  FakeEngine silent({.max_epochs = 1});
  silent.fit();
  CHECK(silent.said.empty());
}

TEST_CASE("an interrupt at the end of an epoch") {
  FakeEngine engine({.max_epochs = 3}, 1);
  engine.on_hook = [](HookId hook, FakeEngine& e) {
    e.is_interrupted = e.is_interrupted || hook == HookId::on_train_epoch_end;
  };
  CHECK_THROWS_AS(engine.fit(), lt::Interrupted);
  CHECK(engine.in_short() == "T V { [ 0*. ( 0 1 ) ]");
}

// -- restarts -------------------------------------------------------------------------------------

namespace {

// Fits until the counters have been taken as a checkpoint would, the n-th time that `hook` runs.
lt::FitProgress checkpoint_at(HookId hook, int when, const lt::TrainerOptions& options,
                              std::int64_t train, const std::vector<std::int64_t>& val) {
  FakeEngine engine(options, train, val);
  std::optional<lt::FitProgress> saved;
  engine.on_hook = [&, count = 0](HookId now, FakeEngine& e) mutable {
    if (now == hook && count++ == when) {
      saved = e.state().fit;
    }
  };
  engine.fit();
  return saved.value();
}

}  // namespace

TEST_CASE("a restart from the middle of an epoch") {
  SUBCASE("without validation (resume_mid_epoch)") {
    const lt::TrainerOptions options{.max_epochs = 2};
    const auto saved = checkpoint_at(HookId::on_train_batch_end, 1, options, 4, {});
    FakeEngine engine(options, 4, {});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T { 2*. 3*. ] [ 0*. 1*. 2*. 3*. ] }");
    CHECK(engine.end() == "max_epochs 2 8");
    CHECK(engine.lost_positions == 1);
    CHECK(engine.state().fit.batches_that_stepped == 8);
  }
  SUBCASE("with validation (resume_mid_epoch_val)") {
    const lt::TrainerOptions options{.max_epochs = 2};
    const auto saved = checkpoint_at(HookId::on_train_batch_end, 1, options, 4, {1});
    FakeEngine engine(options, 4, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { 2*. 3*. ( 0 ) ] [ 0*. 1*. 2*. 3*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 2 8");
  }
  SUBCASE("under accumulation (resume_accumulate)") {
    const lt::TrainerOptions options{.max_epochs = 2, .accumulate_grad_batches = 2};
    const auto saved = checkpoint_at(HookId::on_train_batch_end, 1, options, 5, {});
    FakeEngine engine(options, 5, {});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T { 2. 3*. 4*. ] [ 0. 1*. 2. 3*. 4*. ] }");
    CHECK(engine.end() == "max_epochs 2 6");
  }
  SUBCASE("after a validation inside the epoch (resume_mid_validation)") {
    const lt::TrainerOptions options{.max_epochs = 2, .val_check_interval = 0.5};
    const auto saved = checkpoint_at(HookId::on_validation_end, 0, options, 4, {1});
    FakeEngine engine(options, 4, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { 2*. 3*. ( 0 ) ] [ 0*. 1*. ( 0 ) 2*. 3*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 2 8");
  }
  SUBCASE("after the last batch (resume_mid_epoch_last_batch)") {
    const lt::TrainerOptions options{.max_epochs = 2};
    const auto saved = checkpoint_at(HookId::on_train_batch_end, 3, options, 4, {1});
    FakeEngine engine(options, 4, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { 0*. 1*. 2*. 3*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 2 8");
  }
  SUBCASE("after the validation at the end (resume_after_validation)") {
    const lt::TrainerOptions options{.max_epochs = 2};
    const auto saved = checkpoint_at(HookId::on_validation_end, 0, options, 4, {1});
    FakeEngine engine(options, 4, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { ] [ 0*. 1*. 2*. 3*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 2 8");
  }
}

TEST_CASE("a restart after a finished epoch") {
  const lt::TrainerOptions options{.max_epochs = 2};
  SUBCASE("for more epochs (resume_epoch)") {
    const auto saved = checkpoint_at(HookId::on_train_epoch_end, 1, options, 3, {1});
    FakeEngine engine({.max_epochs = 4}, 3, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 ) ] [ 0*. 1*. 2*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 4 12");
    CHECK(engine.lost_positions == 0);
  }
  SUBCASE("from the first epoch (resume_first_epoch)") {
    const auto saved = checkpoint_at(HookId::on_train_epoch_end, 0, options, 3, {1});
    FakeEngine engine({.max_epochs = 3}, 3, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 ) ] [ 0*. 1*. 2*. ( 0 ) ] }");
    CHECK(engine.end() == "max_epochs 3 9");
  }
  SUBCASE("with nothing left to do (resume_done)") {
    const auto saved = checkpoint_at(HookId::on_train_epoch_end, 1, options, 3, {1});
    FakeEngine engine(options, 3, {1});
    engine.fit(&saved);
    CHECK(engine.in_short() == "T");
    CHECK(engine.end() == "max_epochs 2 6");
  }
}

TEST_CASE("a restart of a run that counts steps (resume_max_steps)") {
  const auto saved =
      checkpoint_at(HookId::on_train_batch_end, 3, {.max_epochs = -1, .max_steps = 4}, 3, {1});
  FakeEngine engine({.max_epochs = -1, .max_steps = 8}, 3, {1});
  engine.fit(&saved);
  CHECK(engine.in_short() == "T V { 1*. 2*. ( 0 ) ] [ 0*. 1*. ] }");
  CHECK(engine.end() == "max_steps 3 8");
}
