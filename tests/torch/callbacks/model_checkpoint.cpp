// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/model_checkpoint.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <chrono>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using lt::Mode;
using lt::ModelCheckpoint;
using lt::SaveLast;
using Events = std::vector<std::string>;

constexpr double infinity = std::numeric_limits<double>::infinity();

// A checkpoint callback in a folder of its own, with a run of two steps per epoch.
struct Fixture {
  explicit Fixture(ModelCheckpoint::Options options = {}, bool with_dirpath = true)
      : checkpoint(placed(std::move(options), with_dirpath)) {
    run.root = folder.path;
    run.trainer().default_root_dir = folder.path.string();
    checkpoint.setup(run, lt::RunFn::fit);
    checkpoint.on_train_start(run);
  }

  ModelCheckpoint::Options placed(ModelCheckpoint::Options options, bool with_dirpath) const {
    if (with_dirpath) {
      options.dirpath = folder.path.string();
    }
    return options;
  }

  // One step; what was done.
  Events step(std::int64_t epoch, std::int64_t global_step) {
    run.at(epoch, global_step);
    checkpoint.on_train_batch_end(run, 0, 0, 0);
    return saves();
  }
  // One whole epoch with validation and, maybe, a score.
  Events epoch(std::int64_t index, std::optional<double> score = {}) {
    run.at(index, 2 * (index + 1));
    if (score) {
      run.metric("score", *score);
    }
    run.val_loop_has_run = true;
    checkpoint.on_validation_end(run);
    checkpoint.on_train_epoch_end(run);
    return saves();
  }
  Events saves() {
    Events out = run.take_events();
    std::erase(out, "after_save");
    return out;
  }
  bool has(const std::string& name) const { return std::filesystem::exists(folder / name); }

  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  ModelCheckpoint checkpoint;
};

}  // namespace

TEST_SUITE("what is kept") {
  TEST_CASE("without a monitor the latest") {
    Fixture f;
    CHECK(f.epoch(0) == Events{"save epoch=0-step=2.ckpt"});
    CHECK(f.epoch(1) == Events{"save epoch=1-step=4.ckpt", "remove epoch=0-step=2.ckpt"});
    CHECK(f.checkpoint.best_model_path() == f.folder / "epoch=1-step=4.ckpt");
    CHECK_FALSE(f.checkpoint.best_model_score());
  }

  TEST_CASE("save_top_k = -1 keeps everything, 0 nothing") {
    Fixture all{{.save_top_k = -1}};
    all.epoch(0);
    CHECK(all.epoch(1) == Events{"save epoch=1-step=4.ckpt"});
    CHECK(all.has("epoch=0-step=2.ckpt"));
    Fixture none{{.save_top_k = 0}};
    CHECK(none.epoch(0).empty());
  }

  TEST_CASE("the best by a monitored metric") {
    Fixture f{{.monitor = "score"}};
    CHECK(f.epoch(0, 1.0) == Events{"save epoch=0-step=2.ckpt"});
    CHECK(f.epoch(1, 2.0).empty());
    CHECK(f.epoch(2, 1.0).empty());  // equal is not better
    CHECK(f.epoch(3, 0.5) == Events{"save epoch=3-step=8.ckpt", "remove epoch=0-step=2.ckpt"});
    CHECK(f.checkpoint.best_model_score() == 0.5);
    CHECK(f.checkpoint.current_score() == 0.5);
    CHECK(f.checkpoint.kth_best_model_path() == f.folder / "epoch=3-step=8.ckpt");
  }

  TEST_CASE("the best two, large is better") {
    Fixture f{{.monitor = "score", .save_top_k = 2, .mode = Mode::max}};
    f.epoch(0, 1.0);
    f.epoch(1, 3.0);
    CHECK(f.epoch(2, 2.0) == Events{"save epoch=2-step=6.ckpt", "remove epoch=0-step=2.ckpt"});
    CHECK(f.checkpoint.best_model_path() == f.folder / "epoch=1-step=4.ckpt");
    CHECK(f.checkpoint.kth_value() == 2.0);
    CHECK(f.checkpoint.best_k_models().size() == 2);
  }

  TEST_CASE("NaN counts as the worst and never displaces another") {
    Fixture f{{.monitor = "score", .save_top_k = 2}};
    f.epoch(0, std::numeric_limits<double>::quiet_NaN());
    CHECK(f.checkpoint.current_score() == infinity);
    f.epoch(1, 1.0);
    CHECK(f.epoch(2, std::numeric_limits<double>::quiet_NaN()).empty());
    CHECK(f.epoch(3, 2.0) == Events{"save epoch=3-step=8.ckpt", "remove epoch=0-step=2.ckpt"});
  }

  TEST_CASE("scores are floats") {
    Fixture f{{.filename = "{score}", .monitor = "score"}};
    CHECK(f.epoch(0, 0.6) == Events{"save score=0.6000000238418579.ckpt"});
  }

  TEST_CASE("files outside the folder and the resumed checkpoint are never removed") {
    Fixture f;
    f.epoch(0);
    f.run.resumed_from_path = f.folder / "epoch=0-step=2.ckpt";
    CHECK(f.epoch(1) == Events{"save epoch=1-step=4.ckpt"});
    lt::ModelCheckpointState state = f.checkpoint.state_dict();
    state.best_model_path = "/elsewhere/epoch=0.ckpt";
    f.checkpoint.load_state_dict(state);
    CHECK(f.epoch(2) == Events{"save epoch=2-step=6.ckpt"});
  }
}

TEST_SUITE("names") {
  TEST_CASE("a taken name gets a version; the file about to be replaced does not count") {
    Fixture f{{.filename = "same", .save_top_k = -1}};
    CHECK(f.epoch(0) == Events{"save same.ckpt"});
    CHECK(f.epoch(1) == Events{"save same.ckpt"});  // its own best_model_path
    Fixture latest{{.filename = "same"}};
    lt_test::write_file(latest.folder / "same.ckpt", "of another run");
    CHECK(latest.epoch(0) == Events{"save same-v1.ckpt"});
    CHECK(latest.epoch(1) == Events{"save same-v1.ckpt"});
  }

  TEST_CASE("without the version counter a taken name is overwritten") {
    Fixture f{{.filename = "same", .enable_version_counter = false}};
    lt_test::write_file(f.folder / "same.ckpt", "of another run");
    CHECK(f.epoch(0) == Events{"save same.ckpt"});
  }

  TEST_CASE("characters, extension and first version can be set") {
    Fixture f{{.filename = "{epoch}-{score:.1f}", .monitor = "score", .save_last = SaveLast::yes}};
    f.checkpoint.CHECKPOINT_JOIN_CHAR = "_";
    f.checkpoint.CHECKPOINT_EQUALS_CHAR = ":";
    f.checkpoint.CHECKPOINT_NAME_LAST = "latest-{epoch}";
    f.checkpoint.FILE_EXTENSION = ".pt";
    f.checkpoint.STARTING_VERSION = 2;
    lt_test::write_file(f.folder / "epoch:0-score:1.0.pt", "of another run");
    CHECK(f.epoch(0, 1.0) == Events{"save epoch:0-score:1.0_v2.pt", "save latest-epoch:0.pt"});
  }

  TEST_CASE("a logged epoch or step is used as a whole number") {
    Fixture f{{.filename = "{epoch:02d}-{step}", .save_top_k = -1}};
    f.run.metric("epoch", 7.9);
    f.run.metric("step", 100.0);
    CHECK(f.epoch(0) == Events{"save epoch=07-step=100.ckpt"});
  }

  TEST_CASE("the folder comes from the first logger, else from default_root_dir") {
    Fixture plain{{}, false};
    CHECK(plain.checkpoint.dirpath() == plain.folder / "checkpoints");
    Fixture f;
    f.run.places = {{"rec", "version_3", ""}, {"other", "version_0", "/logs"}};
    ModelCheckpoint logged;
    logged.setup(f.run, lt::RunFn::fit);
    CHECK(logged.dirpath() == f.folder / "rec/version_3/checkpoints");
    f.run.places = {{"", "mine", "/logs"}};
    ModelCheckpoint placed;
    placed.setup(f.run, lt::RunFn::fit);
    CHECK(placed.dirpath() == "/logs/mine/checkpoints");
    placed.setup(f.run, lt::RunFn::validate);
    f.run.places.clear();
    placed.setup(f.run, lt::RunFn::fit);
    CHECK(placed.dirpath() == "/logs/mine/checkpoints");  // found once
  }

  TEST_CASE("a folder that is not empty is a warning") {
    Fixture f;
    CHECK(f.run.said.empty());
    f.epoch(0);
    f.checkpoint.setup(f.run, lt::RunFn::fit);
    REQUIRE(f.run.said.size() == 1);
    CHECK(f.run.said[0] ==
          "lt[W301] checkpoint folder '" + f.folder.path.string() + "' exists and is not empty");
  }
}

TEST_SUITE("the last checkpoint") {
  TEST_CASE("is written again when something was saved at this step") {
    Fixture f{{.monitor = "score", .save_last = SaveLast::yes}};
    CHECK(f.epoch(0, 1.0) == Events{"save epoch=0-step=2.ckpt", "save last.ckpt"});
    CHECK(f.epoch(1, 2.0).empty());  // not among the best: last.ckpt stays as it is
    CHECK(f.epoch(2, 0.5) ==
          Events{"save epoch=2-step=6.ckpt", "remove epoch=0-step=2.ckpt", "save last.ckpt"});
    CHECK(f.checkpoint.last_model_path() == f.folder / "last.ckpt");
  }

  TEST_CASE("as a link follows every epoch") {
    Fixture f{{.monitor = "score", .save_last = SaveLast::link}};
    CHECK(f.epoch(0, 1.0) ==
          Events{"save epoch=0-step=2.ckpt", "link last.ckpt -> epoch=0-step=2.ckpt"});
    CHECK(f.epoch(1, 2.0) == Events{"link last.ckpt -> epoch=0-step=2.ckpt"});
  }

  TEST_CASE("is saved at the end of training if nothing was") {
    Fixture f{{.save_last = SaveLast::link, .save_top_k = 0}};
    CHECK(f.epoch(0).empty());
    f.checkpoint.on_train_end(f.run);
    CHECK(f.saves() == Events{"save last.ckpt"});
    f.checkpoint.on_train_end(f.run);
    CHECK(f.saves().empty());
  }

  TEST_CASE("of another run stays whole") {
    Fixture f{{.save_last = SaveLast::yes}};
    lt_test::write_file(f.folder / "last.ckpt", "of another run");
    CHECK(f.epoch(0) == Events{"save epoch=0-step=2.ckpt", "save last-v1.ckpt"});
    CHECK(f.epoch(1) ==
          Events{"save epoch=1-step=4.ckpt", "remove epoch=0-step=2.ckpt", "save last-v1.ckpt"});
    CHECK(lt_test::read_file(f.folder / "last.ckpt") == "of another run");
  }

  TEST_CASE("can be found again") {
    Fixture f{{.save_last = SaveLast::yes}};
    CHECK(f.checkpoint.find_last_checkpoints(f.run).empty());
    f.epoch(0);
    lt_test::write_file(f.folder / "last-v1.ckpt", "x");
    lt_test::write_file(f.folder / "last.txt", "x");
    CHECK(f.checkpoint.find_last_checkpoints(f.run).size() == 2);
  }
}

TEST_SUITE("when") {
  TEST_CASE("every two epochs") {
    Fixture f{{.every_n_epochs = 2}};
    CHECK(f.epoch(0).empty());
    CHECK(f.epoch(1) == Events{"save epoch=1-step=4.ckpt"});
    Fixture never{{.every_n_epochs = 0}};
    CHECK(never.epoch(0).empty());
  }

  TEST_CASE("every two steps, and then not again at the epoch's end") {
    Fixture f{{.every_n_train_steps = 2}};
    CHECK(f.step(0, 1).empty());
    CHECK(f.step(0, 2) == Events{"save epoch=0-step=2.ckpt"});
    CHECK(f.epoch(0).empty());
    CHECK(f.step(1, 2).empty());  // an accumulating batch: this step is saved already
  }

  TEST_CASE("after some time") {
    double now = 100.0;
    Fixture f{{.train_time_interval = std::chrono::seconds(10)}};
    f.checkpoint.set_clock(lt::Clock(&now));
    f.checkpoint.on_train_start(f.run);
    CHECK(f.step(0, 1).empty());
    now = 110.0;
    CHECK(f.step(0, 2) == Events{"save epoch=0-step=2.ckpt"});
    now = 119.0;
    CHECK(f.step(0, 3).empty());
    now = 120.0;
    CHECK(f.step(0, 4).size() == 2);
  }

  TEST_CASE("no time at all is an interval, too") {
    Fixture f{{.train_time_interval = lt::Duration(0.0)}};
    CHECK(f.step(0, 1).size() == 1);
    CHECK(f.step(0, 2).size() == 2);
  }

  TEST_CASE("at the end of validation where that is not once per epoch") {
    Fixture f;
    f.run.trainer().val_check_interval = 0.5;
    f.run.at(0, 1);
    f.checkpoint.on_validation_end(f.run);
    CHECK(f.saves() == Events{"save epoch=0-step=1.ckpt"});
    f.run.at(0, 2);
    f.checkpoint.on_train_epoch_end(f.run);
    CHECK(f.saves().empty());
  }

  TEST_CASE("the rule for the end of the training epoch") {
    const auto saves_at_epoch_end = [](auto&& change) {
      Fixture f;
      change(f);
      f.run.at(0, 2);
      f.checkpoint.on_train_epoch_end(f.run);
      return f.saves().size() == 1;
    };
    CHECK(saves_at_epoch_end([](Fixture&) {}));
    CHECK(saves_at_epoch_end([](Fixture& f) { f.run.trainer().val_check_interval = 1; }));
    CHECK_FALSE(saves_at_epoch_end([](Fixture& f) { f.run.trainer().val_check_interval = 0.5; }));
    CHECK(saves_at_epoch_end([](Fixture& f) {
      f.run.trainer().val_check_interval = 0.5;
      f.run.state().plan.num_val_batches = {0, 0};
    }));
    CHECK_FALSE(saves_at_epoch_end([](Fixture& f) {
      f.run.trainer().val_check_interval = std::chrono::seconds(1);
      f.run.state().plan.num_val_batches.clear();
    }));
    CHECK_FALSE(
        saves_at_epoch_end([](Fixture& f) { f.run.trainer().check_val_every_n_epoch = 2; }));
    CHECK_FALSE(
        saves_at_epoch_end([](Fixture& f) { f.run.trainer().check_val_every_n_epoch.reset(); }));
  }

  TEST_CASE("a save that waits for a validation metric") {
    Fixture f{{.monitor = "score", .every_n_train_steps = 2, .save_on_train_epoch_end = false}};
    CHECK(f.step(0, 2).empty());  // not logged yet
    CHECK(f.epoch(0, 1.0) == Events{"save epoch=0-step=2.ckpt"});
    f.run.validation_enabled = true;
    f.run.state().fit.batches.is_last_batch = true;
    CHECK(f.step(1, 4).empty());  // validation follows and renews it
    CHECK(f.epoch(1, 0.5) == Events{"save epoch=1-step=4.ckpt", "remove epoch=0-step=2.ckpt"});
  }

  TEST_CASE("never outside of training, in the sanity check or a fast_dev_run") {
    Fixture f{{.save_last = SaveLast::yes}};
    f.run.state().stage = lt::Stage::sanity_check;
    CHECK(f.epoch(0).empty());
    f.run.state().stage = lt::Stage::validate;
    f.run.state().fn = lt::RunFn::validate;
    CHECK(f.epoch(0).empty());
    f.run.state().fn = lt::RunFn::fit;
    f.run.trainer().fast_dev_run = 1;
    CHECK(f.epoch(0).empty());
    f.checkpoint.on_train_end(f.run);
    CHECK(f.saves().empty());
    f.run.trainer().compat = lt::Compat::lightning;  // which forgets to ask here
    f.checkpoint.on_train_end(f.run);
    CHECK(f.saves() == Events{"save last.ckpt"});
  }

  TEST_CASE("nothing before the first step") {
    Fixture f{{.every_n_train_steps = 1}};
    CHECK(f.step(0, 0).empty());
  }

  TEST_CASE("manual optimization saves at steps, with a warning, and never by time") {
    Fixture f{{.every_n_train_steps = 2}};
    f.run.state().automatic_optimization = false;
    CHECK(f.step(0, 1).empty());
    CHECK(f.step(0, 2) == Events{"save epoch=0-step=2.ckpt"});
    REQUIRE(f.run.said.size() == 1);
    CHECK(f.run.said[0].starts_with("lt[W304]"));
    Fixture timed{{.train_time_interval = lt::Duration(0.0)}};
    timed.run.state().automatic_optimization = false;
    CHECK(timed.step(0, 1).empty());
  }

  TEST_CASE("on an exception, unless this step is saved already") {
    Fixture f{{.save_last = SaveLast::yes, .save_on_exception = true}};
    f.epoch(0);
    f.checkpoint.on_exception(f.run, std::runtime_error("broken"));
    CHECK(f.saves().empty());
    f.run.at(1, 3);
    f.checkpoint.on_exception(f.run, std::runtime_error("broken"));
    CHECK(f.saves() == Events{"save epoch=1-step=3.ckpt", "save last.ckpt"});
    CHECK(f.run.said.back().find("(broken)") != std::string::npos);
    Fixture off;
    off.run.at(0, 1);
    off.checkpoint.on_exception(off.run, std::runtime_error("broken"));
    CHECK(off.saves().empty());
  }

  TEST_CASE("the loggers are told after each save") {
    Fixture f{{.save_weights_only = true}};
    f.run.at(0, 2);
    f.checkpoint.on_train_epoch_end(f.run);
    CHECK(f.run.events == Events{"save epoch=0-step=2.ckpt weights", "after_save"});
  }
}

TEST_SUITE("messages") {
  TEST_CASE("a metric that no validation has logged is an error that lists the logged ones") {
    Fixture f{{.monitor = "val_los"}};
    f.run.metric("val_loss", 1.0);
    f.run.at(0, 2);
    f.checkpoint.on_train_epoch_end(f.run);  // no validation has run: a warning
    f.checkpoint.on_train_epoch_end(f.run);
    REQUIRE(f.run.said.size() == 1);
    CHECK(f.run.said[0].starts_with("lt[W302]"));
    CHECK_THROWS_WITH_AS(f.epoch(0),
                         doctest::Contains("'val_los' is not among the logged metrics; found "
                                           "[val_loss, epoch, step]"),
                         lt::ConfigError);
  }

  TEST_CASE("verbose says what is saved and what is not") {
    Fixture f{{.monitor = "score", .verbose = true}};
    f.epoch(0, 0.5);
    f.epoch(1, 0.75);
    REQUIRE(f.run.said.size() == 2);
    CHECK(f.run.said[0] ==
          "lt[I301] Epoch 0, global step 2: 'score' reached 0.50000 (best 0.50000)"
          ", saving model to '" +
              (f.folder / "epoch=0-step=2.ckpt") + "' as top 1");
    CHECK(f.run.said[1] == "lt[I301] Epoch 1, global step 4: 'score' was not in top 1");
  }

  TEST_CASE("options that cannot work") {
    using C = lt::ConfigError;
    const auto make = [](ModelCheckpoint::Options options) { return ModelCheckpoint{options}; };
    CHECK_THROWS_WITH_AS(make({.save_top_k = -2}), doctest::Contains("found save_top_k = -2"), C);
    CHECK_THROWS_WITH_AS(make({.save_top_k = 3}), doctest::Contains("without a monitor"), C);
    CHECK_THROWS_WITH_AS(make({.every_n_train_steps = -1}), doctest::Contains("E305"), C);
    CHECK_THROWS_WITH_AS(make({.every_n_epochs = -1}), doctest::Contains("E306"), C);
    CHECK_THROWS_WITH_AS(make({.every_n_train_steps = 1, .every_n_epochs = 1}),
                         doctest::Contains("E307"), C);
    CHECK_THROWS_AS(make({.train_time_interval = lt::Duration(1.0), .every_n_epochs = 1}), C);
    CHECK_NOTHROW(make({.every_n_train_steps = 0, .every_n_epochs = 1}));
  }
}

TEST_SUITE("state") {
  TEST_CASE("the key is Lightning's") {
    CHECK(ModelCheckpoint{}.state_key() ==
          "ModelCheckpoint{'monitor': None, 'mode': 'min', 'every_n_train_steps': 0, "
          "'every_n_epochs': 1, 'train_time_interval': None}");
    CHECK(ModelCheckpoint{
              {.monitor = "acc", .mode = Mode::max, .train_time_interval = std::chrono::minutes(2)}}
              .state_key() ==
          "ModelCheckpoint{'monitor': 'acc', 'mode': 'max', 'every_n_train_steps': 0, "
          "'every_n_epochs': 0, 'train_time_interval': datetime.timedelta(seconds=120)}");
  }

  TEST_CASE("all but the current score comes back in the same folder") {
    Fixture f{{.monitor = "score", .save_top_k = 2}};
    f.epoch(0, 1.0);
    f.epoch(1, 0.5);
    ModelCheckpoint other{f.checkpoint.options()};
    other.setup(f.run, lt::RunFn::fit);
    other.load_state_dict(f.checkpoint.state_dict());
    CHECK(other.best_model_path() == f.folder / "epoch=1-step=4.ckpt");
    CHECK(other.best_model_score() == 0.5);
    CHECK(other.kth_value() == 1.0);
    CHECK((other.best_k_models() == f.checkpoint.best_k_models()));
    CHECK_FALSE(other.current_score());
  }

  TEST_CASE("in another folder only the best path comes back, with a warning") {
    Fixture f{{.monitor = "score"}};
    f.epoch(0, 1.0);
    Fixture g{{.monitor = "score"}};
    g.checkpoint.load_state_dict(f.checkpoint.state_dict());
    g.checkpoint.on_train_start(g.run);
    CHECK(g.checkpoint.best_model_path() == f.folder / "epoch=0-step=2.ckpt");
    CHECK(g.checkpoint.best_k_models().empty());
    REQUIRE(g.run.said.size() == 1);
    CHECK(g.run.said[0].find(f.folder.path.string()) != std::string::npos);
  }

  TEST_CASE("the kept checkpoints as YAML") {
    Fixture f{{.monitor = "score", .save_top_k = -1}};
    f.epoch(0, 1.0);
    f.epoch(1, 0.25);
    f.checkpoint.to_yaml();
    CHECK(lt_test::read_file(f.folder / "best_k_models.yaml") ==
          (f.folder / "epoch=0-step=2.ckpt") + ": 1.0\n" + (f.folder / "epoch=1-step=4.ckpt") +
              ": 0.25\n");
    CHECK_THROWS_AS(f.checkpoint.to_yaml(f.folder / "none/x.yaml"), lt::CheckpointError);
  }
}
