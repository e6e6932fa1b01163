// SPDX-License-Identifier: Apache-2.0
#include "app.hpp"

#include <lt/policies/accelerator/mps.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Output {
  int status = 0;
  std::string out;
  std::string err;
  bool says(std::string_view text) const { return out.find(text) != std::string::npos; }
  bool complains(std::string_view text) const { return err.find(text) != std::string::npos; }
};

enum class Linked { not_at_all, to_option, to_object };

// A folder of its own, which becomes the trainer's.
class Session {
 public:
  Session() {
    static int number = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("lt-cli-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(folder_);
  }
  ~Session() { std::filesystem::remove_all(folder_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Output run(std::vector<std::string> arguments, Linked linked = Linked::to_option) {
    if (!arguments.empty()) {
      arguments.insert(arguments.begin() + 1, {"--trainer.default_root_dir", folder_.string(),
                                               "--trainer.enable_progress_bar", "false",
                                               "--trainer.enable_model_summary", "false"});
    }
    app::Program program;
    if (linked == Linked::to_option) {
      program.link("data.features", "model.inputs");
    } else if (linked == Linked::to_object) {
      program.link_data([](const app::Data& data) { return data.hparams().features; },
                        "model.inputs");
    }
    std::ostringstream out;
    std::ostringstream err;
    Output result;
    result.status = program.run(std::move(arguments), out, err);
    result.out = out.str();
    result.err = err.str();
    return result;
  }
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }
  bool empty() const { return std::filesystem::is_empty(folder_); }
  std::string read(std::string_view name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path folder_;
};

const std::vector<std::string> two_epochs = {"fit", "--trainer.max_epochs", "2"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("fit trains, keeps its configuration beside the logs, and says how it ended") {
  Session session;
  const Output fit = session.run(two_epochs);
  CHECK(fit.err == "");
  REQUIRE(fit.status == 0);
  CHECK(fit.says("fit ended: max_epochs, epoch 2, step 6\n"));
  CHECK(fit.says("val_loss: "));
  CHECK(fit.says("checkpoint: "));
  const std::string config = session.read("lightning_logs/version_0/config.yaml");
  CHECK(config.find("max_epochs: 2\n") != std::string::npos);
  CHECK(config.find("seed_everything: 0\n") != std::string::npos);

  SUBCASE("the saved configuration repeats the run to the bit") {
    const Output again = session.run(
        {"fit", "--config", (session / "lightning_logs/version_0/config.yaml").string()});
    REQUIRE(again.err == "");
    const auto metrics = [](const std::string& out) {
      return out.substr(0, out.find("checkpoint: "));
    };
    CHECK(metrics(again.out) == metrics(fit.out));
    CHECK(std::filesystem::exists(session / "lightning_logs/version_1/config.yaml"));
  }
}

TEST_CASE("every option reaches model, data, trainer and callbacks") {
  Session session;
  const Output fit = session.run(with(
      two_epochs,
      {"--data.count", "8", "--data.features", "3", "--model.lr", "0.0", "--trainer.callbacks",
       "EarlyStopping", "--trainer.callbacks.monitor", "val_loss", "--trainer.callbacks.patience",
       "1", "--max_epochs", "9", "--logger", "CSVLogger", "--trainer.logger.name", "mine"}));
  CHECK(fit.complains("is given twice"));
  const Output stopped = session.run(
      {"fit", "--max_epochs", "9", "--data.count", "8", "--data.features", "3", "--model.lr", "0.0",
       "--trainer.callbacks", "EarlyStopping", "--trainer.callbacks.monitor", "val_loss",
       "--trainer.callbacks.patience", "1", "--logger", "CSVLogger", "--logger.name", "mine"});
  CHECK(stopped.err == "");
  CHECK(stopped.says("fit ended: should_stop, epoch 2, step 4\n"));
  CHECK(session.read("mine/version_0/hparams.yaml").find("features: 3") != std::string::npos);
}

TEST_CASE("validate, test and predict") {
  Session session;
  CHECK(session.run({"validate"}).says("val_loss: "));
  const Output test = session.run({"test", "--precision", "64"});
  CHECK(test.err == "");
  CHECK(test.says("test_double: 1\n"));
  CHECK(session.run({"test"}).says("test_double: 0\n"));
  CHECK(session.run({"predict"}).says("predictions: 3 batches\n"));
  CHECK(!session.run({"predict", "--return_predictions", "false"}).says("predictions"));
}

TEST_CASE("a model is chosen, and a precision") {
  Session session;
  const std::vector<std::string> bare =
      with(two_epochs, {"--model", "Bare", "--precision", "64-true"});
  const Output fit = session.run(bare, Linked::not_at_all);
  CHECK(fit.err == "");
  CHECK(fit.says("fit ended: max_epochs, epoch 2, step 6\n"));  // by the first optimizer there is
  CHECK(session.run(bare).complains("model.inputs"));  // the link leads to what Bare has not
}

TEST_CASE("an optimizer and a schedule take the place of the model's own") {
  Session session;
  const Output adam = session.run(
      with(two_epochs, {"--optimizer", "Adam", "--optimizer.lr", "0.5", "--lr_scheduler", "StepLR",
                        "--lr_scheduler.step_size", "1", "--lr_scheduler.gamma", "0.5"}));
  CHECK(adam.err == "");
  CHECK(adam.status == 0);
  CHECK(adam.out != session.run(two_epochs).out);
  const Output plateau =
      session.run(with(two_epochs, {"--optimizer", "SGD", "--lr_scheduler", "ReduceLROnPlateau",
                                    "--lr_scheduler.monitor", "val_loss"}));
  CHECK(plateau.err == "");
}

TEST_CASE("a checkpoint brings the options of its model") {
  Session session;
  const std::vector<std::string> three = {"--data.features", "3"};
  const Output fit =
      session.run(with(with(two_epochs, three), {"--model.inputs", "3"}), Linked::not_at_all);
  REQUIRE(fit.err == "");
  const std::string file =
      (session / "lightning_logs/version_0/checkpoints/epoch=1-step=6.ckpt").string();
  REQUIRE(std::filesystem::exists(file));
  CHECK(session.run(with({"test"}, three), Linked::not_at_all).status ==
        1);  // four inputs, three features
  const Output test = session.run(with({"test", "--ckpt_path", file}, three), Linked::not_at_all);
  CHECK(test.err == "");
  CHECK(test.says("test_loss: "));

  std::ofstream(session / "damaged.ckpt") << "nonsense";
  const Output damaged =
      session.run({"test", "--ckpt_path", (session / "damaged.ckpt").string()}, Linked::not_at_all);
  CHECK(damaged.status == 2);
  CHECK(damaged.complains("damaged.ckpt"));
}

TEST_CASE("an option of the model follows the data module") {
  Session session;
  const std::vector<std::string> validate = {"validate", "--data.features", "3"};
  CHECK(session.run(validate, Linked::not_at_all).status == 1);  // four inputs, three features
  const Output linked = session.run(validate, Linked::to_object);
  CHECK(linked.err == "");
  CHECK(linked.says("val_loss: "));
  CHECK(session.read("lightning_logs/version_1/config.yaml").find("inputs") == std::string::npos);
  CHECK(session.run(with(validate, {"--model.inputs", "3"}), Linked::to_object)
            .complains("model.inputs follows the data module"));
}

TEST_CASE("a combination that the rules refuse is not compiled") {
  using Refused =
      lt::cli::detail::TrainerOf<app::Linear, app::Data, lt::strategy::SingleDevice,
                                 lt::accelerator::Mps, lt::precision::F64, lt::type_list<>>;
  static_assert(!Refused::allowed);
  CHECK(Refused::refusal().find("float64") != std::string_view::npos);
}

TEST_CASE("tune finds a learning rate") {
  Session session;
  const Output tuned = session.run(
      {"tune", "--trainer.max_epochs", "3", "--tuner.lr.num_training", "20", "--data.count", "64"});
  CHECK(tuned.err == "");
  CHECK(tuned.says("lr: "));
}

TEST_CASE("mistakes have status 2, one message, and leave nothing on disk") {
  Session session;
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"fit", "--trainer.max_epoch", "3"},
                                             {"fit", "--precision", "16-mixed"},
                                             {"fit", "--trainer.callbacks", "EarlyStopping"},
                                             {"fit", "--config", "/no/such/file.yaml"},
                                             {"test", "--ckpt_path", "/no/such/file.ckpt"},
                                             {"fit", "--optimizer", "Adam", "--optimizer.lr", "-1"},
                                             {"fti"}}) {
    const Output output = session.run(wrong);
    CHECK(output.status == 2);
    CHECK(output.err.starts_with("program: "));
    CHECK(output.out == "");
    CHECK(session.empty());
  }
}

TEST_CASE("an error of the run has status 1") {
  Session session;
  const Output output = session.run(with(two_epochs, {"--trainer.callbacks", "EarlyStopping",
                                                      "--trainer.callbacks.monitor", "nonsense"}));
  CHECK(output.status == 1);
  CHECK(output.complains("nonsense"));
}

TEST_CASE("a precision's options are flags as well") {
  const lt::cli::Kind kind = lt::cli::kind_of<lt::precision::F16Mixed>();
  REQUIRE(kind.schema != nullptr);
  CHECK(kind.name == "16-mixed");
  CHECK(kind.schema->options.at(0).name == "init_scale");
}
