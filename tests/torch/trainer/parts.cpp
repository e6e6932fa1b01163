// SPDX-License-Identifier: Apache-2.0
// Which argument of the constructor becomes which part.
#include "models.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using test::Data;
using test::Folder;
using test::Linear;
using test::quiet;

namespace {

template <class... Ps>
using TrainerWith = lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                lt::precision::F32, Ps...>;

lt::ModelCheckpoint checkpoint(const std::string& dir, const std::string& monitor) {
  return lt::ModelCheckpoint{{.dirpath = dir, .monitor = monitor}};
}

}  // namespace

TEST_CASE("two parts of one type are the two arguments, in their order") {
  const Folder folder;
  TrainerWith<lt::ModelCheckpoint, lt::ModelCheckpoint> trainer{
      quiet({.max_epochs = 2, .enable_checkpointing = true}),
      checkpoint((folder / "a").string(), "train_loss"),
      checkpoint((folder / "b").string(), "val_loss")};
  auto& parts = trainer.engine().parts().user();
  CHECK(std::string_view(std::get<0>(parts).options().monitor) == "train_loss");
  CHECK(std::string_view(std::get<1>(parts).options().monitor) == "val_loss");

  Linear model;
  Data data;
  trainer.fit(model, data);
  for (const char* dir : {"a", "b"}) {
    CAPTURE(dir);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder / dir)) {
      files += entry.path().extension() == ".ckpt" ? 1 : 0;
    }
    CHECK(files == 1);
  }
  CHECK(std::get<0>(parts).best_model_score().value() ==
        doctest::Approx(trainer.callback_metrics().find("train_loss").value()));
}

TEST_CASE("two EarlyStoppings keep their own monitors, with other arguments in between") {
  TrainerWith<lt::EarlyStopping, lt::Timer, lt::EarlyStopping> trainer{
      quiet({.max_epochs = 1}), lt::EarlyStopping{{.monitor = "val_loss"}}, lt::Timer{{}},
      lt::EarlyStopping{{.monitor = "train_loss", .patience = 7}}};
  auto& parts = trainer.engine().parts().user();
  CHECK(std::string_view(std::get<0>(parts).options().monitor) == "val_loss");
  CHECK(std::string_view(std::get<2>(parts).options().monitor) == "train_loss");
  CHECK(std::get<2>(parts).options().patience == 7);
  Linear model;
  Data data;
  CHECK(trainer.fit(model, data).epoch == 1);
}

TEST_CASE("the second of two parts is a default one if one argument is given") {
  using Monitor = lt::LearningRateMonitor;
  TrainerWith<Monitor, Monitor> trainer{quiet(), Monitor{{.log_momentum = true}}};
  auto& parts = trainer.engine().parts().user();
  CHECK(std::get<0>(parts).options().log_momentum);
  CHECK_FALSE(std::get<1>(parts).options().log_momentum);
}

TEST_CASE("two parts that keep their state under one key are refused") {
  const Folder folder;
  try {
    TrainerWith<lt::ModelCheckpoint, lt::ModelCheckpoint> trainer{
        quiet({.enable_checkpointing = true}), checkpoint(folder.str(), "val_loss"),
        checkpoint(folder.str(), "val_loss")};
    FAIL("no error");
  } catch (const lt::ConfigError& error) {
    CHECK(std::string(error.what()).find("lt[E188]") == 0);
  }
}

TEST_CASE("the checkpoint IO may be named among the parts") {
  const Folder folder;
  TrainerWith<lt::checkpoint_io::Binary, lt::ModelCheckpoint> trainer{
      quiet({.max_epochs = 1, .enable_checkpointing = true}),
      checkpoint(folder.str(), "val_loss"), lt::checkpoint_io::Binary{}};
  Linear model;
  Data data;
  trainer.fit(model, data);
  const std::string best(trainer.get<lt::ModelCheckpoint>().best_model_path());
  REQUIRE(std::filesystem::exists(best));
  CHECK(lt::checkpoint_io::Binary{}.load_checkpoint(best).get<std::int64_t>("epoch") == 0);
}
