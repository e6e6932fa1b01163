// SPDX-License-Identifier: Apache-2.0
#include <lt/loops/evaluation_loop.hpp>

#include "fake_engine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using lt::Evaluation;
using Strings = std::vector<std::string>;

lt::MetricTable table(std::string_view name, double value) {
  lt::MetricTable out;
  out.set(name, value);
  return out;
}

// An engine in a call of `validate` or `test`.
struct Run {
  Run(lt::RunFn fn, lt::Stage stage, std::vector<std::int64_t> batches,
      lt::TrainerOptions options = {})
      : engine(std::move(options), 0, std::move(batches)) {
    engine.state().fn = fn;
    engine.state().stage = stage;
  }
  FakeEngine engine;
};

}  // namespace

TEST_CASE("validate: the hooks in their order") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {2});
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
  CHECK(loop.run().size() == 1);
  CHECK(run.engine.events ==
        Strings{"val_dataloader", "capture_modes", "on_validation_model_eval",
                "on_validation_start", "on_validation_epoch_start", "on_validation_batch_start 0",
                "validation_step 0", "on_validation_batch_end 0", "on_validation_batch_start 1",
                "validation_step 1", "on_validation_batch_end 1", "on_validation_epoch_end",
                "on_validation_end", "restore_modes"});
  CHECK(run.engine.state().validate_batches.total == lt::Tracker{2, 2, 2, 2});
  CHECK(run.engine.state().validate_batches.is_last_batch);
}

TEST_CASE("test: hooks of its own") {
  Run run(lt::RunFn::test, lt::Stage::test, {1});
  lt::EvaluationLoop<FakeEngine, Evaluation::test> loop(run.engine);
  loop.run();
  CHECK(run.engine.events == Strings{"test_dataloader", "capture_modes", "on_test_model_eval",
                                     "on_test_start", "on_test_epoch_start",
                                     "on_test_batch_start 0", "test_step 0", "on_test_batch_end 0",
                                     "on_test_epoch_end", "on_test_end", "restore_modes"});
  CHECK(run.engine.state().test_batches.total.completed == 1);
}

TEST_CASE("a model with its own way back to train mode") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {1});
  run.engine.model_hooks.insert(lt::HookId::on_validation_model_train);
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
  loop.run();
  CHECK(run.engine.events.back() == "on_validation_model_train");
}

TEST_CASE("several loaders, one after the other") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {1, 2});
  FakeEngine& engine = run.engine;
  engine.metrics().of_loaders = {table("loss", 1.0), table("loss", 2.0), table("at_end", 3.0)};
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(engine);
  const auto results = loop.run();

  CHECK(engine.in_short() == "V ( 0 0:1 1:1 )");
  REQUIRE(results.size() == 2);
  CHECK(results[0].find("loss") == 1.0);
  CHECK(results[1].find("loss") == 2.0);
  CHECK(results[1].find("at_end") == 3.0);  // what the epoch's end logged belongs to each loader
  CHECK(engine.metrics().log ==
        Strings{"batch 0:0 of several", "eval step 0", "batch 0:1 of several", "eval step 0",
                "batch 1:1 of several", "eval step 1", "eval end loss=1 at_end=3", "reset"});
}

TEST_CASE("one loader alone is not one of several") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {1});
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
  loop.run();
  CHECK(run.engine.metrics().log.front() == "batch 0:0");
}

TEST_CASE("limits") {
  SUBCASE("batches") {
    Run run(lt::RunFn::validate, lt::Stage::validate, {5, 1}, {.limit_val_batches = 2});
    lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
    loop.run();
    CHECK(run.engine.in_short() == "V ( 0 1 0:1 )");
  }
  SUBCASE("0 asks for nothing") {
    Run run(lt::RunFn::test, lt::Stage::test, {5}, {.limit_test_batches = 0});
    lt::EvaluationLoop<FakeEngine, Evaluation::test> loop(run.engine);
    CHECK(loop.run().empty());
    CHECK(run.engine.events.empty());
  }
  SUBCASE("a fraction") {
    Run run(lt::RunFn::validate, lt::Stage::validate, {5}, {.limit_val_batches = 0.5});
    lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
    loop.run();
    CHECK(run.engine.in_short() == "V ( 0 1 )");
  }
}

TEST_CASE("nothing to evaluate") {
  SUBCASE("no batches") {
    Run run(lt::RunFn::validate, lt::Stage::validate, {0});
    lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
    CHECK(loop.run().empty());
    CHECK(run.engine.events == Strings{"val_dataloader"});
  }
  SUBCASE("no step") {
    Run run(lt::RunFn::validate, lt::Stage::validate, {1});
    run.engine.model_hooks.clear();
    lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
    CHECK(loop.run().empty());
    CHECK(run.engine.events.empty());
    CHECK(!loop.loaded());
  }
  SUBCASE("an empty loader before a full one") {
    Run run(lt::RunFn::validate, lt::Stage::validate, {0, 1});
    lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
    loop.run();
    CHECK(run.engine.in_short() == "V ( 0:1 )");
  }
}

TEST_CASE("the sanity check: fewer batches, nothing written for steps") {
  Run run(lt::RunFn::fit, lt::Stage::sanity_check, {3, 1}, {.num_sanity_val_steps = 2});
  lt::EvaluationLoop<FakeEngine, Evaluation::fit_validation> loop(run.engine);
  loop.run();
  CHECK(run.engine.in_short() == "V ( 0 1 0:1 )");
  CHECK(!loop.has_run());
  for (const std::string& line : run.engine.metrics().log) {
    CHECK(!line.starts_with("eval step"));
  }
  SUBCASE("and all batches afterwards, from the same loaders") {
    run.engine.events.clear();
    run.engine.state().stage = lt::Stage::validate;
    loop.run();
    CHECK(run.engine.in_short() == "( 0 1 2 0:1 )");
    CHECK(loop.has_run());
  }
}

TEST_CASE("num_sanity_val_steps = -1 tries all batches") {
  Run run(lt::RunFn::fit, lt::Stage::sanity_check, {3}, {.num_sanity_val_steps = -1});
  lt::EvaluationLoop<FakeEngine, Evaluation::fit_validation> loop(run.engine);
  loop.run();
  CHECK(run.engine.in_short() == "V ( 0 1 2 )");
}

TEST_CASE("each run counts its batches from zero, and on in total") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {2});
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
  loop.run();
  loop.run();
  CHECK(run.engine.state().validate_batches.current.completed == 2);
  CHECK(run.engine.state().validate_batches.total.completed == 4);
}

TEST_CASE("an interrupt between two batches, but not after the last") {
  Run run(lt::RunFn::validate, lt::Stage::validate, {2});
  run.engine.is_interrupted = true;
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> loop(run.engine);
  CHECK_THROWS_AS(loop.run(), lt::Interrupted);
  CHECK(run.engine.in_short() == "V ( 0");
  CHECK(run.engine.without_grad == 0);

  Run last(lt::RunFn::validate, lt::Stage::validate, {1});
  last.engine.is_interrupted = true;
  lt::EvaluationLoop<FakeEngine, Evaluation::validate> whole(last.engine);
  whole.run();
  CHECK(last.engine.in_short() == "V ( 0 )");
}

TEST_CASE("skip_to_end counts a validation that had already run") {
  Run run(lt::RunFn::fit, lt::Stage::validate, {2, 3});
  lt::EvaluationLoop<FakeEngine, Evaluation::fit_validation> loop(run.engine);
  loop.skip_to_end();
  CHECK(run.engine.state().fit.val_batches.current == lt::Tracker{3, 3, 3, 3});
  CHECK(run.engine.state().fit.val_batches.is_last_batch);
  CHECK(run.engine.in_short() == "V");
}
