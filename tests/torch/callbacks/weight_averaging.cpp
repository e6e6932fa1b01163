// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/ema_weight_averaging.hpp"
#include "lt/policies/callback/weight_averaging.hpp"

#include "../trainer/models.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using test::Data;
using test::Folder;
using test::quiet;

/// Notes its weight after each step and in each validation; the layer may have a buffer.
class Model : public test::Linear {
 public:
  explicit Model(bool shared = false) {
    count = register_buffer("count", at::zeros({1}));
    if (shared) {
      register_module("again", net.ptr());
    }
    const torch::NoGradGuard no_grad;
    net->weight.fill_(0.5);
    net->bias.zero_();
  }
  void on_train_batch_end(const auto&, const test::Batch&, std::int64_t) {
    const torch::NoGradGuard no_grad;
    count.add_(1);
    after_steps.push_back(net->weight.detach().clone());
  }
  void on_validation_epoch_start() { ++validations; }
  void validation_step(const test::Batch&, std::int64_t) {
    in_validation.push_back(net->weight.detach().clone());
  }
  at::Tensor count;
  std::vector<at::Tensor> after_steps;
  std::vector<at::Tensor> in_validation;
  int validations = 0;
};

/// Takes the weights of each epoch's end as they are.
class EachEpoch : public lt::BasicWeightAveraging<EachEpoch> {
 public:
  static constexpr std::string_view name = "EachEpoch";
  const lt::WeightAveragingOptions& options() const { return options_; }
  bool should_update(std::optional<std::int64_t>, std::optional<std::int64_t> epoch) const {
    return epoch.has_value();
  }
  at::Tensor average(const at::Tensor&, const at::Tensor& current, std::int64_t) const {
    return current;
  }

 private:
  lt::WeightAveragingOptions options_;
};

template <class... Ps>
using TrainerWith = lt::Trainer<Model, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                lt::precision::F32, Ps...>;

lt::TrainerOptions options(std::int64_t epochs) {
  return quiet({.max_epochs = epochs, .num_sanity_val_steps = 0});
}

bool close(const at::Tensor& a, const at::Tensor& b) { return at::allclose(a, b, 1e-5, 1e-7); }

}  // namespace

TEST_CASE("the mean of the weights after each step: seen by validation, kept at the end") {
  Model model;
  Data data;
  TrainerWith<lt::WeightAveraging> trainer{options(2)};
  trainer.fit(model, data);
  REQUIRE(model.after_steps.size() == 6);
  at::Tensor sum = at::zeros_like(model.after_steps[0]);
  for (std::size_t i = 0; i < 3; ++i) {
    sum += model.after_steps[i];
  }
  CHECK(close(model.in_validation[0], sum / 3));
  for (std::size_t i = 3; i < 6; ++i) {
    sum += model.after_steps[i];
  }
  CHECK(close(model.net->weight, sum / 6));
  CHECK_FALSE(close(model.net->weight, model.after_steps.back()));
  CHECK(trainer.get<lt::WeightAveraging>().n_averaged() == 6);
}

TEST_CASE("an average of its own rule: a class on BasicWeightAveraging") {
  Model model;
  Data data;
  TrainerWith<EachEpoch> trainer{options(2)};
  trainer.fit(model, data);
  CHECK(trainer.template get<EachEpoch>().n_averaged() == 2);
  CHECK(close(model.net->weight, model.after_steps.back()));
}

TEST_CASE("the exponential average: the first update copies, older weights fade") {
  Model model;
  Data data;
  TrainerWith<lt::EMAWeightAveraging> trainer{options(1), lt::EMAWeightAveraging{{.decay = 0.75}}};
  trainer.fit(model, data);
  at::Tensor average = model.after_steps[0];
  average = average * 0.75 + model.after_steps[1] * 0.25;
  average = average * 0.75 + model.after_steps[2] * 0.25;
  CHECK(close(model.net->weight, average));
}

TEST_CASE("buffers are averaged, or copied at each update") {
  for (const bool averaged : {true, false}) {
    CAPTURE(averaged);
    Model model;
    Data data;
    TrainerWith<lt::EMAWeightAveraging> trainer{
        options(1), lt::EMAWeightAveraging{{.use_buffers = averaged, .decay = 0.5}}};
    trainer.fit(model, data);
    // Callbacks come before the model's hook: the updates saw 0, 1 and 2.
    CHECK(model.count.item<float>() == (averaged ? 1.25F : 2.0F));
  }
}

TEST_CASE("weights that are shared are averaged once and stay shared") {
  Model model(true);
  Data data;
  TrainerWith<lt::WeightAveraging> trainer{options(1)};
  trainer.fit(model, data);
  at::Tensor sum = model.after_steps[0] + model.after_steps[1] + model.after_steps[2];
  CHECK(close(model.net->weight, sum / 3));
  CHECK(close(model.in_validation[0], sum / 3));
}

TEST_CASE("when the exponential average is updated") {
  const lt::EMAWeightAveraging steps{
      {.update_every_n_steps = 3, .update_starting_at_step = 4}};
  CHECK_FALSE(steps.should_update(3, {}));
  CHECK_FALSE(steps.should_update(4, {}));
  CHECK(steps.should_update(6, {}));
  CHECK_FALSE(steps.should_update({}, 6));
  const lt::EMAWeightAveraging epochs{
      {.update_every_n_steps = 0, .update_starting_at_epoch = 2}};
  CHECK_FALSE(epochs.should_update(0, {}));
  CHECK_FALSE(epochs.should_update({}, 1));
  CHECK(epochs.should_update({}, 2));
}

TEST_CASE("a checkpoint holds the average as the model's state, and a run resumes from it") {
  const Folder folder;
  const auto trainer_of = [&](std::int64_t epochs) {
    lt::TrainerOptions o = options(epochs);
    o.enable_checkpointing = true;
    return TrainerWith<lt::EMAWeightAveraging, lt::ModelCheckpoint>{
        o, lt::EMAWeightAveraging{{.decay = 0.5}},
        lt::ModelCheckpoint{{.dirpath = folder.str(), .save_top_k = -1}}};
  };
  Model whole;
  Data data;
  auto first = trainer_of(3);
  first.fit(whole, data);

  const auto saved =
      lt::checkpoint_io::Binary{}.load_checkpoint(folder / "epoch=1-step=6.ckpt");
  CHECK(saved.get<at::Tensor>("averaging_state", "n_averaged").item<std::int64_t>() == 6);
  CHECK(saved.at("callbacks", "EMAWeightAveraging").get<std::int64_t>("latest_update_step") == 6);
  CHECK(close(saved.get<at::Tensor>("current_model_state", "net.weight"), whole.after_steps[5]));
  CHECK_FALSE(close(saved.get<at::Tensor>("state_dict", "net.weight"), whole.after_steps[5]));

  Model resumed;
  auto second = trainer_of(3);
  second.fit(resumed, data, {.ckpt_path = (folder / "epoch=1-step=6.ckpt").string()});
  CHECK(close(resumed.net->weight, whole.net->weight));
  CHECK(close(resumed.after_steps[0], whole.after_steps[6]));
  CHECK(second.get<lt::EMAWeightAveraging>().n_averaged() == 9);
}

TEST_CASE("a checkpoint made without averaging starts the average") {
  const Folder folder;
  Model plain;
  Data data;
  lt::TrainerOptions o = options(1);
  o.enable_checkpointing = true;
  TrainerWith<lt::ModelCheckpoint> before{o, lt::ModelCheckpoint{{.dirpath = folder.str()}}};
  before.fit(plain, data);

  std::vector<std::string> said;
  o = options(2);
  TrainerWith<lt::WeightAveraging> after{o};
  after.set_message_sink([&](const lt::Message& m) { said.emplace_back(m.code); });
  Model resumed;
  after.fit(resumed, data, {.ckpt_path = (folder / "epoch=0-step=3.ckpt").string()});
  CHECK(std::find(said.begin(), said.end(), "W601") != said.end());
  at::Tensor sum = resumed.after_steps[0] + resumed.after_steps[1] + resumed.after_steps[2];
  CHECK(close(resumed.net->weight, sum / 3));
}

TEST_CASE("options out of range, a device that is none") {
  CHECK_THROWS_AS(lt::EMAWeightAveraging({.decay = 1.5}), lt::ConfigError);
  CHECK_THROWS_AS(lt::EMAWeightAveraging({.update_every_n_steps = -1}), lt::ConfigError);
  Model model;
  Data data;
  TrainerWith<lt::WeightAveraging> trainer{options(1), lt::WeightAveraging{{.device = "sofa"}}};
  CHECK_THROWS_AS(trainer.fit(model, data), lt::ConfigError);
}
