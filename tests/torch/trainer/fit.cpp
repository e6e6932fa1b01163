// SPDX-License-Identifier: Apache-2.0
// What a fit does, seen from outside.
#include "models.hpp"

#include "doctest_torch.hpp"

#include <memory>
#include <string>
#include <vector>

using test::Data;
using test::Folder;
using test::Linear;
using test::quiet;

TEST_CASE("fit learns, and says how it ended") {
  torch::manual_seed(0);
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 60})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(model, data);
  CHECK(result.reason == lt::StopReason::max_epochs);
  CHECK(result.epoch == 60);
  CHECK(result.step == 180);
  CHECK(result.metrics.find("val_loss").value() < 0.02);
}

TEST_CASE("max_steps ends a fit in the middle of an epoch") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_steps = 4})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(model, data);
  CHECK(result.reason == lt::StopReason::max_steps);
  CHECK(result.step == 4);
  CHECK(result.epoch == 2);
}

TEST_CASE("loaders may be given to fit directly") {
  Linear model;
  using Loaders = lt::Loaders<test::Loader, test::Loader>;
  lt::Trainer<Linear, Loaders> trainer{quiet({.max_epochs = 2})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(model, test::loader(), test::loader(8));
  CHECK(result.step == 6);
  CHECK(result.metrics.contains("val_loss"));

  lt::Trainer<Linear, lt::Loaders<test::Loader>> without_validation{quiet({.max_epochs = 1})};
  without_validation.set_message_sink({});
  CHECK(without_validation.fit(model, test::loader()).step == 3);
}

TEST_CASE("a model in a shared_ptr is trained, too") {
  const auto model = std::make_shared<Linear>();
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  CHECK(trainer.fit(model, data).step == 3);
}

TEST_CASE("containers of batches are loaders, and so are callables that return fresh ranges") {
  const at::Tensor x = at::ones({2, 4});
  const std::vector<test::Batch> batches(3, test::Batch{x, at::zeros({2, 1})});
  Linear model;
  {
    using Data2 = lt::Loaders<std::vector<test::Batch>>;
    lt::Trainer<Linear, Data2> trainer{quiet({.max_epochs = 2})};
    trainer.set_message_sink({});
    CHECK(trainer.fit(model, batches).step == 6);
  }
  {
    const auto make = [&] { return batches; };
    using Data2 = lt::Loaders<std::remove_const_t<decltype(make)>>;
    lt::Trainer<Linear, Data2> trainer{quiet({.max_epochs = 2})};
    trainer.set_message_sink({});
    CHECK(trainer.fit(model, make).step == 6);
  }
}

TEST_CASE("several loaders: side by side for training, one after the other for validation") {
  struct Several {
    auto train_dataloader() {
      return std::tuple(test::loader(12), std::vector<test::Batch>(5, test::line(4).tensors()));
    }
    auto val_dataloader() {
      return std::tuple(test::loader(8), std::vector<test::Batch>(1, test::line(4).tensors()));
    }
  };
  struct Model : Linear {
    int pairs = 0;
    at::Tensor training_step(const std::tuple<test::Batch, test::Batch>& batch, std::int64_t) {
      ++pairs;
      return loss(std::get<0>(batch)) + loss(std::get<1>(batch));
    }
    void validation_step(const test::Batch& batch, std::int64_t, std::int64_t) {
      log("val_loss", loss(batch));
    }
  };
  Model model;
  Several data;
  lt::Trainer<Model, Several> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(model, data);
  CHECK(model.pairs == 5);  // the shorter loader starts again
  CHECK(result.metrics.contains("val_loss/dataloader_idx_0"));
  CHECK(result.metrics.contains("val_loss/dataloader_idx_1"));
}

TEST_CASE("validate and test return the metrics, predict the predictions") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  const auto validated = trainer.validate(model, data);
  REQUIRE(validated.size() == 1);
  CHECK(validated[0].contains("val_loss"));
  const auto tested = trainer.test(model, data);
  CHECK(tested.at(0).contains("test_loss"));
  const auto predicted = trainer.predict(model, data);
  REQUIRE(predicted.has_value());
  REQUIRE(predicted->size() == 1);
  CHECK(predicted->at(0).size() == 2);
  CHECK(predicted->at(0)[0].sizes() == at::IntArrayRef({4, 1}));
  CHECK_FALSE(trainer.predict(model, data, {}, false).has_value());
}

TEST_CASE("the default parts write a log and a checkpoint") {
  const Folder folder;
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{{.max_epochs = 2,
                                     .log_every_n_steps = 1,
                                     .enable_progress_bar = false,
                                     .enable_model_summary = false,
                                     .default_root_dir = folder.str()}};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  const auto version = folder / "lightning_logs" / "version_0";
  CHECK(std::filesystem::exists(version / "metrics.csv"));
  CHECK(std::filesystem::exists(version / "hparams.yaml"));
  CHECK(std::filesystem::exists(version / "checkpoints" / "epoch=1-step=6.ckpt"));
  CHECK(trainer.get<lt::ModelCheckpoint>().best_model_path() ==
        (version / "checkpoints" / "epoch=1-step=6.ckpt").string());
}

TEST_CASE("make_trainer finds the type from its parts") {
  struct Counter {
    int epochs = 0;
    void on_train_epoch_end(lt::RunView&) { ++epochs; }
  };
  Linear model;
  Data data;
  auto trainer = lt::make_trainer<Linear, Data>(quiet({.max_epochs = 3}), Counter{},
                                                lt::strategy::SingleDevice{});
  trainer.set_message_sink({});
  trainer.fit(model, data);
  CHECK(trainer.get<Counter>().epochs == 3);
}

TEST_CASE("messages go to the sink of the host") {
  std::vector<std::string> codes;
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink([&](const lt::Message& message) { codes.emplace_back(message.code); });
  trainer.fit(model, data);
  REQUIRE_FALSE(codes.empty());
  CHECK(codes.back() == "I011");
}

TEST_CASE("the sanity check leaves the random stream alone") {
  struct Noise : Linear {
    void validation_step(const test::Batch&, std::int64_t) { (void)at::rand({3}); }
  };
  Data data;
  at::Tensor with, without;
  for (const std::int64_t steps : {2, 0}) {
    torch::manual_seed(7);
    Noise model;
    lt::Trainer<Noise, Data> trainer{
        quiet({.max_epochs = 1, .limit_val_batches = 2, .num_sanity_val_steps = steps})};
    trainer.set_message_sink({});
    trainer.fit(model, data);
    (steps == 0 ? without : with) = at::rand({4});
  }
  CHECK(with.equal(without));
}

TEST_CASE("deterministic = true asks LibTorch for deterministic algorithms") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1, .deterministic = true})};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  CHECK(at::globalContext().deterministicAlgorithms());
  at::globalContext().setDeterministicAlgorithms(false, false);
}

TEST_CASE("options may come from the environment") {
  setenv("PL_TRAINER_MAX_EPOCHS", "2", 1);
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet()};
  unsetenv("PL_TRAINER_MAX_EPOCHS");
  trainer.set_message_sink({});
  CHECK(trainer.fit(model, data).epoch == 2);
}

TEST_CASE("a frozen model keeps its weights, an unfrozen one has gradients again") {
  Linear model;
  lt::freeze(model);
  CHECK_FALSE(model.net->weight.requires_grad());
  CHECK_FALSE(model.is_training());
  lt::unfreeze(model);
  CHECK(model.net->weight.requires_grad());
  CHECK(model.net->is_training());
}
