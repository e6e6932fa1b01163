// SPDX-License-Identifier: Apache-2.0
#include <lt/cli/program.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace toy {

struct Model {
  std::int64_t hidden = 128;
  double lr = 1e-3;
};
struct Deep {
  std::int64_t layers = 2;
  std::int64_t hidden = 8;
};
struct Data {
  std::int64_t batch_size = 32;
  std::int64_t classes = 10;
};
struct Stopping {
  lt::Text monitor{};
  std::int64_t patience = 3;
};
struct Adam {
  double lr = 0.1;
  std::array<double, 2> betas{0.9, 0.999};
};

}  // namespace toy

LT_REFLECT(toy::Model, (hidden, "width"), (lr, "learning rate"))
LT_REFLECT(toy::Deep, (layers, "number of layers"), (hidden, "width"))
LT_REFLECT(toy::Data, (batch_size, "samples"), (classes, "classes"))
LT_REFLECT(toy::Stopping, (monitor, "metric"), (patience, "checks"))
LT_REFLECT(toy::Adam, (lr, "learning rate"), (betas, "decay"))
LT_CHECKS(toy::Data, LT_CHECK(E001, batch_size, o.batch_size >= 1, "must be 1 or more"))

namespace {

using namespace lt::cli;

Program toy_program() {
  Program program;
  Catalogue& catalogue = program.catalogue;
  catalogue.program = "toy";
  catalogue.env_prefix = "LT";
  catalogue.commands = {{"fit", "train"}, {"validate", "evaluate"}, {"predict", "predict"}};
  catalogue.slots = {
      {"model", "model", {{"Model", &schema_of<toy::Model>()}, {"Deep", &schema_of<toy::Deep>()}}},
      {"data", "data", {{"Digits", &schema_of<toy::Data>()}}},
      {"trainer.strategy", "strategy", {{"single_device"}, {"ddp", nullptr, true}}},
      {"trainer.accelerator", "accelerator", {{"cpu"}}},
      {"trainer.precision", "precision", {{"32-true"}, {"bf16-mixed"}}},
      {"trainer.callbacks",
       "callback",
       {{"EarlyStopping", &schema_of<toy::Stopping>()}, {"Timer"}},
       true},
      {"trainer.logger", "logger", {{"CsvLogger"}}, true},
      {"optimizer",
       "optimizer",
       {{"Adam", &schema_of<toy::Adam>()}, {"SGD", &schema_of<toy::Adam>()}},
       false,
       true}};
  return program;
}

Settings settings(const Program& program, std::vector<std::string> arguments) {
  return settings_of(program, CommandLine(program.catalogue).parse(std::move(arguments)));
}
Settings settings(std::vector<std::string> arguments) {
  return settings(toy_program(), std::move(arguments));
}
std::string error(std::vector<std::string> arguments) {
  try {
    (void)settings(std::move(arguments));
    return "no error";
  } catch (const lt::ConfigError& e) {
    return e.what();
  }
}
template <class T>
const T& options(const Settings& s, std::size_t slot, std::size_t element = 0) {
  return *static_cast<const T*>(s.slots.at(slot).at(element).options.get());
}

// A file that is there for one test.
class File {
 public:
  File(const std::string& name, const std::string& content)
      : path_((std::filesystem::temp_directory_path() / ("lt_cli_" + name)).string()) {
    std::ofstream(path_) << content;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Variable {
  explicit Variable(const char* the_name, const char* value) : name(the_name) {
    setenv(name, value, 1);
  }
  ~Variable() { unsetenv(name); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  const char* name;
};

}  // namespace

TEST_CASE("flags set the options of trainer, model and data") {
  const Settings s = settings({"fit", "--trainer.max_epochs", "3", "--model.hidden=64",
                               "--data.batch_size", "16", "--max_epochs", "3"});
  CHECK(s.command == "fit");
  CHECK(s.trainer.max_epochs == 3);
  CHECK(options<toy::Model>(s, 0).hidden == 64);
  CHECK(options<toy::Model>(s, 0).lr == 1e-3);
  CHECK(options<toy::Data>(s, 1).batch_size == 16);
}

TEST_CASE("a class is chosen by its name, its path or Lightning's short name") {
  CHECK(settings({"fit"}).slots[0][0].kind == 0);
  CHECK(settings({"fit", "--model", "Deep"}).slots[0][0].kind == 1);
  CHECK(settings({"fit", "--model", "my.package.Deep"}).slots[0][0].kind == 1);
  CHECK(settings({"fit", "--strategy", "ddp"}).slots[2][0].kind == 1);
  CHECK(settings({"fit", "--strategy=ddp"}).slots[2][0].kind == 1);
  CHECK(settings({"fit", "--callbacks+=Timer", "--callbacks+", "Timer"}).slots[5].size() == 2);
  CHECK(settings({"fit", "--trainer.strategy", "lightning.DDPStrategy"}).slots[2][0].kind == 1);
  CHECK(settings({"fit", "--precision", "bf16"}).slots[4][0].kind == 1);
  CHECK(settings({"fit", "--precision", "auto"}).slots[4][0].kind == 0);
  CHECK(settings({"fit", "--trainer.logger", "CSVLogger"}).slots[6].size() == 1);
  CHECK(options<toy::Deep>(settings({"fit", "--model", "Deep", "--model.init_args.layers", "5"}), 0)
            .layers == 5);
}

TEST_CASE("callbacks are a list; flags go to the last one") {
  const Settings s =
      settings({"fit", "--trainer.callbacks", "EarlyStopping", "--trainer.callbacks.monitor",
                "val_loss", "--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor",
                "val_acc", "--trainer.callbacks.patience", "9", "--trainer.callbacks+", "Timer"});
  REQUIRE(s.slots[5].size() == 3);
  CHECK(options<toy::Stopping>(s, 5, 0).monitor == "val_loss");
  CHECK(options<toy::Stopping>(s, 5, 1).monitor == "val_acc");
  CHECK(options<toy::Stopping>(s, 5, 1).patience == 9);
  CHECK(s.slots[5][2].kind == 1);
}

TEST_CASE(
    "an optimizer is there only when asked for; another one forgets the first one's options") {
  CHECK(settings({"fit"}).slots[7].empty());
  const File file("o.yaml", "optimizer: {class_path: torch.optim.SGD, init_args: {lr: 0.5}}\n");
  CHECK(options<toy::Adam>(settings({"fit", "--config", file.path()}), 7).lr == 0.5);
  const Settings s = settings(
      {"fit", "--config", file.path(), "--optimizer", "Adam", "--optimizer.betas", "[0.1, 0.2]"});
  CHECK(s.slots[7][0].kind == 0);
  CHECK(options<toy::Adam>(s, 7).lr == 0.1);
  CHECK(options<toy::Adam>(s, 7).betas[1] == 0.2);
}

TEST_CASE("later files win over earlier ones, then variables, then flags") {
  const File a("a.yaml", "trainer: {max_epochs: 1, max_steps: 10}\ndata: {batch_size: 1}\n");
  const File b("b.yaml", "trainer: {max_epochs: 2}\ndata: {batch_size: 2}\n");
  const std::vector<std::string> files = {"fit", "--config", a.path(), "--config", b.path()};
  Settings s = settings(files);
  CHECK(s.trainer.max_epochs == 2);
  CHECK(s.trainer.max_steps == 10);
  CHECK(options<toy::Data>(s, 1).batch_size == 2);

  const Variable variable("LT_TRAINER__MAX_EPOCHS", "3");
  const Variable of_fit("LT_FIT__DATA__BATCH_SIZE", "4");
  s = settings(files);
  CHECK(s.trainer.max_epochs == 3);
  CHECK(options<toy::Data>(s, 1).batch_size == 4);
  CHECK(options<toy::Data>(settings({"validate"}), 1).batch_size == 32);

  std::vector<std::string> flags = files;
  flags.insert(flags.begin() + 1, {"--trainer.max_epochs", "5"});
  CHECK(settings(flags).trainer.max_epochs == 5);
}

TEST_CASE("a misspelled variable is an error") {
  const Variable variable("LT_TRAINER__MAX_EPOCH", "3");
  CHECK(error({"fit"}) ==
        "lt[E854] the environment: unknown key LT_TRAINER__MAX_EPOCH; did you mean "
        "LT_TRAINER__MAX_EPOCHS?");
}

TEST_CASE("a file may hold the sections of several sub-commands, a group a file of its own") {
  const File file("s.yaml",
                  "fit: {trainer: {max_epochs: 7}}\nvalidate: {trainer: {nonsense: 1}}\n");
  CHECK(settings({"fit", "--config", file.path()}).trainer.max_epochs == 7);
  CHECK(error({"validate", "--config", file.path()}).find("trainer.nonsense") != std::string::npos);
  const File group("g.yaml", "max_epochs: 8\n");
  CHECK(settings({"fit", "--trainer", group.path()}).trainer.max_epochs == 8);
  const File data("d.yaml", "batch_size: 3\n");
  CHECK(options<toy::Data>(settings({"fit", "--data", data.path()}), 1).batch_size == 3);
}

TEST_CASE("a configuration that Lightning wrote is read as it is") {
  const File file("lightning.yaml", R"(# lightning.pytorch==2.6.6
seed_everything: 7
trainer:
  accelerator: auto
  strategy: auto
  devices: auto
  num_nodes: 1
  precision: null
  logger:
  - class_path: lightning.pytorch.loggers.CSVLogger
  callbacks:
  - class_path: lightning.pytorch.callbacks.EarlyStopping
    init_args:
      monitor: val_loss
      patience: 5
  fast_dev_run: false
  max_epochs: 3
  min_epochs: null
  max_steps: -1
  max_time: 00:00:10:00
  limit_train_batches: null
  overfit_batches: 0.0
  val_check_interval: null
  check_val_every_n_epoch: 1
  accumulate_grad_batches: 1
  gradient_clip_algorithm: null
  deterministic: null
  benchmark: null
  inference_mode: true
  profiler: null
  barebones: false
  plugins: null
  sync_batchnorm: false
  reload_dataloaders_every_n_epochs: 0
  default_root_dir: null
  enable_autolog_hparams: true
  model_registry: null
model: {class_path: package.Deep, init_args: {layers: 4}}
data: {batch_size: 8}
optimizer: {class_path: torch.optim.Adam, init_args: {lr: 0.01}}
ckpt_path: null
weights_only: null
)");
  const Settings s = settings({"fit", "--config", file.path()});
  CHECK(s.seed == 7);
  CHECK(s.trainer.max_epochs == 3);
  CHECK(s.trainer.fast_dev_run == 0);
  CHECK(s.trainer.max_time->count() == 600.0);
  CHECK(options<toy::Deep>(s, 0).layers == 4);
  CHECK(options<toy::Stopping>(s, 5).patience == 5);
  CHECK(s.slots[6].size() == 1);
  CHECK(options<toy::Adam>(s, 7).lr == 0.01);
}

TEST_CASE("the printed configuration gives itself again") {
  const Settings s = settings(
      {"predict", "--model", "Deep", "--model.layers", "3", "--precision", "bf16-mixed",
       "--trainer.callbacks", "EarlyStopping", "--trainer.callbacks.monitor", "a: b", "--optimizer",
       "SGD", "--trainer.val_check_interval", "0.5", "--seed_everything", "false"});
  const std::string yaml = to_yaml(s.config);
  const File file("p.yaml", yaml);
  CHECK(to_yaml(settings({"predict", "--config", file.path()}).config) == yaml);
  CHECK(yaml.find("class_path: Deep") != std::string::npos);
  CHECK(yaml.find("return_predictions: true") != std::string::npos);
  CHECK(yaml.find("seed_everything: false") != std::string::npos);
}

TEST_CASE("a link sets one option from another") {
  Program program = toy_program();
  program.links = {{"data.classes", "model.hidden", [](const std::string& v) { return v + "0"; }}};
  const Settings s = settings(program, {"fit", "--data.classes", "7"});
  CHECK(options<toy::Model>(s, 0).hidden == 70);
  CHECK(find_path(s.config, "model.init_args.lr") != nullptr);
  CHECK(find_path(s.config, "model.init_args.hidden") == nullptr);
  CHECK_THROWS_WITH_AS((void)settings(program, {"fit", "--model.hidden", "3"}),
                       "lt[E865] --model.hidden: model.hidden follows data.classes; expected "
                       "data.classes alone",
                       lt::ConfigError);
}

TEST_CASE("what follows the data module is no flag, and is not written down") {
  Program program = toy_program();
  program.links = {{std::string(data_object), "model.hidden", {}}};
  CHECK(find_path(settings(program, {"fit"}).config, "model.init_args.hidden") == nullptr);
  CHECK_THROWS_AS((void)settings(program, {"fit", "--model.hidden", "3"}), lt::ConfigError);
  program.catalogue.slots[0].kinds.pop_back();  // Deep has the same option
  const std::string help =
      printed(program, CommandLine(program.catalogue).parse({"fit", "--help"})).value();
  CHECK(help.find("--model.hidden") == std::string::npos);
  CHECK(help.find("--model.lr") != std::string::npos);
}

TEST_CASE("defaults of the program come before everything else") {
  Program program = toy_program();
  program.defaults = "trainer: {max_epochs: 4, max_steps: 9}\nmodel: Deep\n";
  const Settings s = settings(program, {"fit", "--trainer.max_steps", "8"});
  CHECK(s.trainer.max_epochs == 4);
  CHECK(s.trainer.max_steps == 8);
  CHECK(s.slots[0][0].kind == 1);
}

TEST_CASE("several devices choose a strategy for them, and contradict one for a single process") {
  CHECK(settings({"fit", "--devices", "2"}).slots[2][0].kind == 1);
  CHECK(settings({"fit", "--devices", "1"}).slots[2][0].kind == 0);
  CHECK(error({"fit", "--devices", "2", "--strategy", "single_device"}).find("lt[E859]") == 0);
  CHECK(error({"fit", "--devices", "0"}).find("trainer.devices = '0' is out of range") !=
        std::string::npos);
}

TEST_CASE("bad input is one readable message") {
  CHECK(error({}) ==
        "lt[E862] no sub-command; expected one of fit, validate, predict (--help says "
        "more)");
  CHECK(error({"fti"}) ==
        "lt[E862] unknown sub-command 'fti'; expected one of fit, validate, "
        "predict; did you mean fit?");
  CHECK(error({"fit", "--trainer.max_epoch", "3"}) ==
        "lt[E861] fit has no flag --trainer.max_epoch; did you mean --trainer.max_epochs?");
  CHECK(error({"fit", "--max_time", "3"}).find("did you mean --trainer.max_time?") !=
        std::string::npos);
  CHECK(error({"fit", "--trainer.max_epochs"}) ==
        "lt[E861] --trainer.max_epochs has no value; expected one behind it");
  CHECK(error({"fit", "what"}).find("unexpected 'what' after fit") != std::string::npos);
  CHECK(error({"fit", "--trainer.max_epochs", "x"}) ==
        "lt[E855] --trainer.max_epochs: trainer.max_epochs = 'x' has the wrong type; expected int "
        "or null");
  CHECK(error({"fit", "--trainer.max_epochs", "3", "--trainer.max_epochs", "4"}) ==
        "lt[E863] --trainer.max_epochs is given twice, as '3' and as '4'; expected one of them");
  CHECK(error({"fit", "--strategy", "dpd"}) ==
        "lt[E856] --strategy: trainer.strategy = 'dpd': this program holds no such strategy; it "
        "holds single_device, ddp; did you mean ddp?");
  CHECK(error({"fit", "--trainer.callbacks.monitor", "x"}).find("lt[E858]") == 0);
  CHECK(error({"fit", "--model", "Deep", "--model.lr", "1"}).find("unknown key model.lr") !=
        std::string::npos);
  CHECK(error({"fit", "--ckpt_path", "/no/file"}).find("there is no such file") !=
        std::string::npos);
  CHECK(error({"fit", "--data.batch_size", "0"}).find("data: batch_size must be 1 or more") !=
        std::string::npos);
  CHECK(error({"fit", "--trainer.barebones", "true", "--logger", "true"})
            .find("logger cannot be true together with barebones") != std::string::npos);
  CHECK(error({"fit", "--seed_everything", "-1"}).find("out of range") != std::string::npos);
  CHECK(error({"fit", "--print_confg"}).find("did you mean --print_config?") != std::string::npos);
  const File file("bad.yaml", "trainer:\n  max_epochs: 3\n  max_epohcs: 4\n");
  CHECK(error({"fit", "--config", file.path()})
            .find("bad.yaml:3:15: unknown key "
                  "trainer.max_epohcs; did you mean trainer.max_epochs?") != std::string::npos);
  const File sync("sync.yaml", "trainer: {sync_batchnorm: true}\n");
  CHECK(error({"fit", "--config", sync.path()}).find("unknown key trainer.sync_batchnorm") !=
        std::string::npos);
}

TEST_CASE("the help names flags with types, defaults and texts") {
  const Program program = toy_program();
  const auto said = [&](std::vector<std::string> arguments) {
    return printed(program, CommandLine(program.catalogue).parse(std::move(arguments))).value();
  };
  CHECK(said({"--help"}).find("  validate    evaluate\n") != std::string::npos);
  const std::string help = said({"fit", "--help"});
  CHECK(help.find("  --trainer.max_steps int (default: -1)\n      stop after") !=
        std::string::npos);
  CHECK(help.find("  --optimizer {Adam,SGD} (default: none)") != std::string::npos);
  CHECK(help.find("  of Deep:\n  --model.layers int (default: 2)\n      number of layers") !=
        std::string::npos);
  CHECK(said({"--list"}).find("trainer.strategy: single_device, ddp\n") != std::string::npos);
  const std::string script = said({"--completion", "bash"});
  CHECK(script.find("--trainer.strategy|--strategy) words=\"single_device ddp\"") !=
        std::string::npos);
  CHECK(script.ends_with("complete -F _lt_complete_toy toy\n"));
  CHECK_THROWS_AS((void)said({"--completion", "fish"}), lt::ConfigError);
}
