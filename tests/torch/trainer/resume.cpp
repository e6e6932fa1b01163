// SPDX-License-Identifier: Apache-2.0
// A run that was cut and taken up again ends as one that was not.
#include "models.hpp"

#include "doctest_torch.hpp"

#include <string>

using test::Data;
using test::Folder;
using test::Linear;
using test::quiet;

namespace {

struct Adam : Linear {
  using Linear::Linear;
  lt::Optimizers<lt::optim::Adam, lt::Schedule<lt::optim::StepLR>> configure_optimizers() {
    return {lt::optim::Adam(parameters(), {.lr = 0.05}),
            lt::Schedule{lt::optim::StepLR({.step_size = 2, .gamma = 0.5})}};
  }
};

struct SaveAt {
  std::string path;
  std::int64_t epoch = 0;
  void on_train_epoch_end(lt::RunView& run) {
    if (run.current_epoch() == epoch) {
      run.save_checkpoint(path);
    }
  }
  static constexpr lt::CallbackOrder order = lt::CallbackOrder::checkpoint;
};

struct SaveAfter {
  std::string path;
  std::int64_t step = 0;
  static constexpr lt::CallbackOrder order = lt::CallbackOrder::checkpoint;
  template <class Outputs>
  void on_train_batch_end(lt::RunView& run, const Outputs&, const test::Batch&, std::int64_t) {
    if (run.global_step() == step) {
      run.save_checkpoint(path);
    }
  }
};

struct Dropout : Linear {
  at::Tensor training_step(const test::Batch& batch, std::int64_t) {
    return torch::mse_loss(net(torch::dropout(batch.data, 0.3, true)), batch.target);
  }
};

struct Shuffled {
  auto train_dataloader() {
    return lt::DataLoader(test::line(12), {.batch_size = 4, .shuffle = true});
  }
};

struct Stateful {
  auto train_dataloader() { return lt::StatefulDataLoader(Shuffled().train_dataloader()); }
};

}  // namespace

TEST_CASE("resumed at the end of an epoch: the same weights to the bit") {
  const Folder folder;
  const std::string path = (folder / "middle.ckpt").string();
  Data data;
  torch::manual_seed(5);
  Adam whole;
  {
    auto trainer = lt::make_trainer<Adam, Data>(quiet({.max_epochs = 5, .enable_checkpointing = true}), SaveAt{path, 2});
    trainer.set_message_sink({});
    trainer.fit(whole, data);
  }
  torch::manual_seed(99);
  Adam resumed;
  lt::Trainer<Adam, Data> trainer{quiet({.max_epochs = 5})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(resumed, data, {.ckpt_path = path});
  CHECK(result.epoch == 5);
  CHECK(result.step == 15);
  CHECK(resumed.net->weight.equal(whole.net->weight));
  CHECK(resumed.net->bias.equal(whole.net->bias));
}

TEST_CASE("shuffling and dropout go on as if nothing had happened") {
  const Folder folder;
  const std::string path = (folder / "middle.ckpt").string();
  Shuffled data;
  torch::manual_seed(5);
  Dropout whole;
  {
    auto trainer = lt::make_trainer<Dropout, Shuffled>(quiet({.max_epochs = 4, .enable_checkpointing = true}), SaveAt{path, 1});
    trainer.set_message_sink({});
    trainer.fit(whole, data);
  }
  torch::manual_seed(77);
  Dropout resumed;
  lt::Trainer<Dropout, Shuffled> trainer{quiet({.max_epochs = 4})};
  trainer.set_message_sink({});
  trainer.fit(resumed, data, {.ckpt_path = path});
  CHECK(resumed.net->weight.equal(whole.net->weight));
}

TEST_CASE("a stateful loader goes on in the middle of an epoch, to the bit") {
  const Folder folder;
  const std::string path = (folder / "middle.ckpt").string();
  Stateful data;
  torch::manual_seed(5);
  Dropout whole;
  {
    auto trainer = lt::make_trainer<Dropout, Stateful>(quiet({.max_epochs = 3, .enable_checkpointing = true}), SaveAfter{path, 4});
    trainer.set_message_sink({});
    trainer.fit(whole, data);
  }
  torch::manual_seed(77);
  Dropout resumed;
  lt::Trainer<Dropout, Stateful> trainer{quiet({.max_epochs = 3})};
  trainer.set_message_sink({});
  const lt::Result result = trainer.fit(resumed, data, {.ckpt_path = path});
  CHECK(result.step == 9);
  CHECK(resumed.net->weight.equal(whole.net->weight));
}

TEST_CASE("load_from_checkpoint makes the model with its options and weights") {
  const Folder folder;
  const std::string path = (folder / "model.ckpt").string();
  Data data;
  Linear model{{.lr = 0.025}};
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  trainer.save_checkpoint(path);

  const auto loaded = lt::load_from_checkpoint<Linear>(path);
  CHECK(loaded->hparams().lr == 0.025);
  CHECK(loaded->net->weight.equal(model.net->weight));
  const auto changed =
      lt::load_from_checkpoint<Linear>(path, [](Linear::Options& options) { options.lr = 1.0; });
  CHECK(changed->hparams().lr == 1.0);

  struct Other : Linear {
    using Linear::Linear;
    torch::nn::Linear extra{register_module("extra", torch::nn::Linear(2, 2))};
  };
  CHECK_THROWS_AS(lt::load_from_checkpoint<Other>(path), lt::CheckpointError);
  CHECK(lt::load_from_checkpoint<Other>(path, {.strict = false})->net->weight.equal(
      model.net->weight));
}

TEST_CASE("a checkpoint of weights alone cannot resume a fit") {
  const Folder folder;
  const std::string path = (folder / "weights.ckpt").string();
  Data data;
  Linear model;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  trainer.save_checkpoint(path, /*weights_only=*/true);
  CHECK_THROWS_AS(trainer.fit(model, data, {.ckpt_path = path}), lt::CheckpointError);
  CHECK(trainer.test(model, data, {.ckpt_path = path}).size() == 1);
}
