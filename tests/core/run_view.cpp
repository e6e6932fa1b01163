// SPDX-License-Identifier: Apache-2.0
#include <lt/core/run_view.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace {

// A run whose services write down how they were called.
struct Run {
  static inline std::vector<std::string> calls;

  lt::RunState state;
  lt::TrainerOptions options;
  lt::Messages messages;
  lt::RunServices services;
  lt::RunView view{state, options, messages, services};

  Run() {
    calls.clear();
    services.refresh_metrics = [](lt::RunView& run, lt::MetricKind) {
      calls.emplace_back("refresh");
      run.callback_metrics_.set("loss", 1.0);
      run.progress_bar_metrics_.set("bar", 2.0);
      run.logged_metrics_.set("logged", 3.0);
    };
    services.log = [](lt::RunView&, std::string_view name, double value, const lt::LogOptions& o) {
      calls.push_back(lt::text("log ", name, " ", value, o.prog_bar ? " bar" : ""));
    };
    services.save_checkpoint = [](lt::RunView&, const std::filesystem::path& path, bool weights) {
      calls.push_back(lt::text("save ", path.string(), weights ? " weights" : ""));
    };
    services.link_checkpoint = [](lt::RunView&, const std::filesystem::path& target,
                                  const std::filesystem::path& link) {
      calls.push_back(lt::text("link ", target.string(), " ", link.string()));
    };
    services.set_lr = [](lt::RunView&, std::size_t optimizer, std::size_t group, double lr) {
      calls.push_back(lt::text("lr ", optimizer, " ", group, " ", lr));
    };
  }
};

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("the view reads and changes the state of the run") {
  Run run;
  run.state.stage = lt::Stage::sanity_check;
  run.state.fn = lt::RunFn::fit;
  run.state.fit.epochs.add(2);
  run.state.fit.optimizer_steps.add(7);
  CHECK(run.view.sanity_checking());
  CHECK(run.view.fn() == lt::RunFn::fit);
  CHECK(run.view.current_epoch() == 2);
  CHECK(run.view.global_step() == 7);
  CHECK(!run.view.should_stop());
  run.view.stop();
  CHECK(run.state.should_stop);
}

TEST_CASE("ranks") {
  Run run;
  CHECK(run.view.is_global_zero());
  run.view.global_rank = 1;
  CHECK(!run.view.is_global_zero());
}

TEST_CASE("metrics are refreshed when they are asked for") {
  Run run;
  CHECK(run.view.callback_metrics().find("loss") == 1.0);
  CHECK(run.view.progress_bar_metrics().find("bar") == 2.0);
  CHECK(run.view.logged_metrics().find("logged") == 3.0);
  CHECK(Run::calls == Calls{"refresh", "refresh", "refresh"});
}

TEST_CASE("services are passed on") {
  Run run;
  run.view.log("x", 0.5);
  run.view.log("x", 0.5, {.prog_bar = true});
  run.view.save_checkpoint("a.ckpt");
  run.view.save_checkpoint("a.ckpt", true);
  run.view.link_checkpoint("a.ckpt", "last.ckpt");
  run.view.set_lr(1, 2, 0.25);
  CHECK(Run::calls == Calls{"log x 0.5", "log x 0.5 bar", "save a.ckpt", "save a.ckpt weights",
                            "link a.ckpt last.ckpt", "lr 1 2 0.25"});
}

TEST_CASE("metrics are rounded to float, except in double precision") {
  Run run;
  CHECK(run.view.round(0.1) == static_cast<double>(0.1f));
  run.view.metrics_in_double = true;
  CHECK(run.view.round(0.1) == 0.1);
}

TEST_CASE("a run of one process decides alone") {
  Run run;
  CHECK(run.view.all_agree(true));
  CHECK(!run.view.all_agree(false));
  CHECK(run.view.any_wants(true));
  CHECK(run.view.rank_zero_decides(true));
  CHECK(run.view.broadcast("path") == "path");
}

TEST_CASE("among ranks the services decide") {
  Run run;
  run.services.decide = [](lt::RunView&, bool, bool all) { return !all; };
  run.services.broadcast = [](lt::RunView&, std::string text) { return text + " of rank 0"; };
  CHECK(!run.view.all_agree(true));
  CHECK(run.view.any_wants(false));
  CHECK(run.view.broadcast("path") == "path of rank 0");
}

TEST_CASE("default_root_dir") {
  Run run;
  CHECK(run.view.default_root_dir() == ".");
  run.options.default_root_dir = "runs";
  CHECK(run.view.default_root_dir() == "runs");
}

// Source: Lightning, logger_connector.py, `should_update_logs`.
TEST_CASE("should_update_logs") {
  Run run;
  run.options.log_every_n_steps = 2;
  SUBCASE("in training, one ahead of the batches that stepped") {
    run.state.fn = lt::RunFn::fit;
    run.state.stage = lt::Stage::train;
    CHECK(!run.view.should_update_logs());
    run.state.fit.batches_that_stepped = 1;
    CHECK(run.view.should_update_logs());
  }
  SUBCASE("in evaluation, with the batches that are ready") {
    run.state.fn = lt::RunFn::validate;
    run.state.stage = lt::Stage::validate;
    run.state.validate_batches.add_ready();
    CHECK(!run.view.should_update_logs());
    run.state.validate_batches.add_ready();
    CHECK(run.view.should_update_logs());
  }
  SUBCASE("in the validation inside fit") {
    run.state.fn = lt::RunFn::fit;
    run.state.stage = lt::Stage::validate;
    run.state.fit.val_batches.add_ready(4);
    CHECK(run.view.should_update_logs());
  }
  SUBCASE("when the run was told to stop") {
    run.state.stage = lt::Stage::train;
    run.view.stop();
    CHECK(run.view.should_update_logs());
  }
  SUBCASE("never with 0") {
    run.options.log_every_n_steps = 0;
    run.state.stage = lt::Stage::train;
    run.view.stop();
    CHECK(!run.view.should_update_logs());
  }
  SUBCASE("every 50 steps by default") {
    run.options.log_every_n_steps.reset();
    run.state.stage = lt::Stage::train;
    run.state.fit.batches_that_stepped = 48;
    CHECK(!run.view.should_update_logs());
    run.state.fit.batches_that_stepped = 49;
    CHECK(run.view.should_update_logs());
  }
}
