// SPDX-License-Identifier: Apache-2.0
// The texts are what Lightning did: traces of tests/conformance/suite of the named case.
#include "fake_engine.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using lt::HookId;

// The hooks of a fit of `batches` training batches an epoch, in short.
std::string hooks_of(const lt::TrainerOptions& options, std::int64_t batches,
                     const std::vector<std::int64_t>& val = {2}) {
  FakeEngine engine(options, batches, val);
  engine.fit();
  return engine.in_short();
}

}  // namespace

TEST_CASE("accumulation: the last batch of an epoch steps anyway") {
  CHECK(hooks_of({.max_epochs = 2, .accumulate_grad_batches = 2}, 3) ==
        "T V { [ 0. 1*. 2*. ( 0 1 ) ] [ 0. 1*. 2*. ( 0 1 ) ] }");
  CHECK(hooks_of({.max_epochs = 1, .accumulate_grad_batches = 4}, 10) ==
        "T V { [ 0. 1. 2. 3*. 4. 5. 6. 7*. 8. 9*. ( 0 1 ) ] }");
  CHECK(hooks_of({.max_epochs = 1, .accumulate_grad_batches = 8}, 3, {}) == "T { [ 0. 1. 2*. ] }");
}

TEST_CASE("validation inside an accumulation window (accumulate_val_inside)") {
  CHECK(hooks_of({.max_epochs = 1, .val_check_interval = 2, .accumulate_grad_batches = 4}, 6) ==
        "T V { [ 0. 1. ( 0 1 ) 2. 3*. ( 0 1 ) 4. 5*. ( 0 1 ) ] }");
}

TEST_CASE("gradients that are still gathered survive a validation") {
  FakeEngine engine({.max_epochs = 1, .val_check_interval = 1, .accumulate_grad_batches = 2}, 2,
                    {1});
  engine.fit();
  // Only after batch 1, which stepped, not after batch 0.
  CHECK(std::count(engine.events.begin(), engine.events.end(), "on_validation_model_zero_grad") ==
        1);
}

TEST_CASE("val_check_interval") {
  SUBCASE("a half (val_check_interval_half)") {
    CHECK(hooks_of({.max_epochs = 2, .val_check_interval = 0.5}, 4) ==
          "T V { [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) ] [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) ] }");
  }
  SUBCASE("a fraction that does not divide the epoch (val_check_interval_third_uneven)") {
    CHECK(hooks_of({.max_epochs = 1, .val_check_interval = 0.4}, 5) ==
          "T V { [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) 4*. ] }");
  }
  SUBCASE("a fraction of less than one batch") {
    CHECK(hooks_of({.max_epochs = 1, .val_check_interval = 0.1}, 2) ==
          "T V { [ 0*. ( 0 1 ) 1*. ( 0 1 ) ] }");
  }
  SUBCASE("batches (val_check_interval_int)") {
    CHECK(hooks_of({.max_epochs = 2, .val_check_interval = 2}, 5) ==
          "T V { [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) 4*. ] [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) 4*. ] "
          "}");
  }
  SUBCASE("1 is one batch, 1.0 is an epoch (val_check_interval_one_int)") {
    CHECK(hooks_of({.max_epochs = 1, .val_check_interval = 1}, 3) ==
          "T V { [ 0*. ( 0 1 ) 1*. ( 0 1 ) 2*. ( 0 1 ) ] }");
    CHECK(hooks_of({.max_epochs = 1, .val_check_interval = 1.0}, 3) ==
          "T V { [ 0*. 1*. 2*. ( 0 1 ) ] }");
  }
  SUBCASE("a time") {
    FakeEngine engine({.max_epochs = 1, .val_check_interval = std::chrono::seconds(1)}, 3, {1});
    engine.on_hook = [](HookId hook, FakeEngine& e) {
      if (hook == HookId::on_train_batch_end) {
        e.time_is_due = e.state().batch_idx() == 1;
      }
    };
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. ( 0 ) 2*. ] }");
    CHECK(engine.validation_times == 2);  // when the loader was set up, and after the validation
  }
}

TEST_CASE("check_val_every_n_epoch") {
  SUBCASE("2 (check_val_every_2)") {
    CHECK(hooks_of({.max_epochs = 3, .check_val_every_n_epoch = 2}, 3) ==
          "T { [ 0*. 1*. 2*. ] [ 0*. 1*. 2*. V ( 0 1 ) ] [ 0*. 1*. 2*. ] }");
  }
  SUBCASE("none counts batches across epochs (check_val_none)") {
    CHECK(hooks_of({.max_epochs = 3, .val_check_interval = 4, .check_val_every_n_epoch = {}}, 3) ==
          "T V { [ 0*. 1*. 2*. ] [ 0*. ( 0 1 ) 1*. 2*. ] [ 0*. 1*. ( 0 1 ) 2*. ] }");
  }
}

TEST_CASE("streams of unknown length") {
  SUBCASE("training (iterable_train)") {
    FakeEngine engine({.max_epochs = 2});
    engine.train.loaders[0].known = false;
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 ) ] [ 0*. 1*. 2*. ( 0 1 ) ] }");
    CHECK(engine.state().plan.num_training_batches.is_infinite());
    CHECK(engine.state().plan.val_check_batch.is_infinite());
  }
  SUBCASE("with a limit (iterable_train_limit)") {
    FakeEngine engine({.max_epochs = 1, .limit_train_batches = 2}, 4);
    engine.train.loaders[0].known = false;
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. ( 0 1 ) ] }");
    CHECK(engine.state().plan.num_training_batches == lt::BatchCount(2));
  }
  SUBCASE("with validation every two batches (iterable_train_val_int)") {
    FakeEngine engine({.max_epochs = 1, .val_check_interval = 2}, 4);
    engine.train.loaders[0].known = false;
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. ( 0 1 ) 2*. 3*. ( 0 1 ) ] }");
  }
  SUBCASE("the last batch is known when it is fetched, so accumulation ends with it") {
    FakeEngine engine({.max_epochs = 1, .accumulate_grad_batches = 2}, 3, {});
    engine.train.loaders[0].known = false;
    engine.fit();
    CHECK(engine.in_short() == "T { [ 0. 1*. 2*. ] }");
  }
  SUBCASE("validation (iterable_val)") {
    FakeEngine engine({.max_epochs = 1}, 3, {3});
    engine.eval.loaders[0].known = false;
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2*. ( 0 1 2 ) ] }");
  }
}

TEST_CASE("-1 from on_train_batch_start skips the rest of the epoch") {
  SUBCASE("in the middle (skip_epoch)") {
    FakeEngine engine({.max_epochs = 3}, 4);
    engine.skips_epoch = [](const FakeEngine& e) {
      return e.state().current_epoch() == 1 && e.state().batch_idx() == 1;
    };
    engine.fit();
    CHECK(engine.in_short() ==
          "T V { [ 0*. 1*. 2*. 3*. ( 0 1 ) ] [ 0*. 1 ] [ 0*. 1*. 2*. 3*. ( 0 1 ) ] }");
    CHECK(engine.end() == "max_epochs 3 9");
  }
  SUBCASE("at the first batch (skip_epoch_first_batch)") {
    FakeEngine engine({.max_epochs = 2});
    engine.skips_epoch = [](const FakeEngine& e) { return e.state().batch_idx() == 0; };
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0 ] [ 0 ] }");
    CHECK(engine.end() == "max_epochs 2 0");
  }
  SUBCASE("at the last batch (skip_epoch_last_batch)") {
    FakeEngine engine({.max_epochs = 2});
    engine.skips_epoch = [](const FakeEngine& e) { return e.state().batch_idx() == 2; };
    engine.fit();
    CHECK(engine.in_short() == "T V { [ 0*. 1*. 2 ] [ 0*. 1*. 2 ] }");
    CHECK(engine.end() == "max_epochs 2 4");
  }
}

TEST_CASE("schedules") {
  SUBCASE("move after each step and at the end of an epoch, plateaus after the validation") {
    FakeEngine engine({.max_epochs = 1}, 2, {1});
    engine.fit();
    CHECK(engine.schedules == std::vector<std::string>{"step 0", "step plateau 0", "step 1",
                                                       "epoch 1", "step plateau 1",
                                                       "epoch plateau 1"});
  }
  SUBCASE("wait while gradients are gathered (sched_step_accumulate)") {
    FakeEngine engine({.max_epochs = 1, .accumulate_grad_batches = 2}, 3, {});
    engine.fit();
    CHECK(engine.schedules == std::vector<std::string>{"step 1", "step plateau 1", "step 2",
                                                       "epoch 2", "step plateau 2",
                                                       "epoch plateau 2"});
  }
  SUBCASE("move for an epoch whose rest is skipped (sched_skip_rest_of_epoch)") {
    FakeEngine engine({.max_epochs = 1}, 3, {});
    engine.skips_epoch = [](const FakeEngine& e) { return e.state().batch_idx() == 1; };
    engine.fit();
    CHECK(engine.schedules == std::vector<std::string>{"step 0", "step plateau 0", "step 1",
                                                       "epoch 1", "epoch plateau 1"});
  }
  SUBCASE("of an epoch do not move when the run ends inside it") {
    FakeEngine engine({.max_steps = 1}, 3, {});
    engine.fit();
    CHECK(engine.schedules == std::vector<std::string>{"step 0", "step plateau 0"});
  }
}

TEST_CASE("step metrics are written for batches that step, with the batch counted afterwards") {
  FakeEngine engine({.max_epochs = 1, .accumulate_grad_batches = 2}, 3, {});
  engine.fit();
  CHECK(engine.metrics().log == std::vector<std::string>{"batch 0:0", "batch 1:0", "train step 0",
                                                         "batch 2:0", "train step 1",
                                                         "train epoch 1"});
}

TEST_CASE("a validation hands the metrics of the running batch back") {
  FakeEngine engine({.max_epochs = 1}, 1, {1});
  engine.fit();
  CHECK(std::count(engine.metrics().log.begin(), engine.metrics().log.end(), "restored 7") == 1);
}

TEST_CASE("validation runs in its stage, without gradients") {
  FakeEngine engine({.max_epochs = 1}, 1, {1});
  lt::Stage stage_in_step = lt::Stage::none;
  int depth = 0;
  engine.on_hook = [&](HookId hook, FakeEngine& e) {
    if (hook == HookId::validation_step) {
      stage_in_step = e.state().stage;
      depth = e.without_grad;
    }
  };
  engine.fit();
  CHECK(stage_in_step == lt::Stage::validate);
  CHECK(depth == 1);
  CHECK(engine.without_grad == 0);
  CHECK(engine.state().stage == lt::Stage::train);
}

TEST_CASE("manual optimization (manual_one)") {
  FakeEngine engine({.max_epochs = 2});
  engine.state().automatic_optimization = false;
  engine.fit();
  CHECK(engine.in_short() == "T V { [ 0. 1. 2. ( 0 1 ) ] [ 0. 1. 2. ( 0 1 ) ] }");
  CHECK(engine.end() == "max_epochs 2 6");
}

TEST_CASE("an interrupt between two batches") {
  FakeEngine engine({.max_epochs = 1});
  engine.on_hook = [](HookId hook, FakeEngine& e) {
    e.is_interrupted = e.is_interrupted || hook == HookId::on_train_batch_end;
  };
  CHECK_THROWS_WITH_AS(engine.fit(), "SIGTERM received during training", lt::Interrupted);
  CHECK(engine.in_short() == "T V { [ 0*.");
}
