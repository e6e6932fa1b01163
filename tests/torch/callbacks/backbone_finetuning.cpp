// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/backbone_finetuning.hpp"

#include "../trainer/models.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using lt::BackboneFinetuning;
using test::Data;
using test::Folder;
using test::quiet;

/// Its optimizer is made for the head.
class Model : public lt::nn::Module {
 public:
  at::Tensor training_step(const test::Batch& batch, std::int64_t) {
    return torch::mse_loss(head(norm(backbone(batch.data))), batch.target);
  }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(head->parameters(), {.lr = 0.1, .momentum = 0.5});
  }
  void on_train_epoch_end(auto& ctx) {
    rates.emplace_back();
    for (const lt::GroupView& group : ctx.optimizer_groups()) {
      rates.back().push_back(group.lr);
    }
    weights.push_back(backbone->weight.detach().clone());
  }

  torch::nn::Linear backbone{register_module("backbone", torch::nn::Linear(4, 3))};
  torch::nn::BatchNorm1d norm{register_module("norm", torch::nn::BatchNorm1d(3))};
  torch::nn::Linear head{register_module("head", torch::nn::Linear(3, 1))};
  std::vector<std::vector<double>> rates;
  std::vector<at::Tensor> weights;
};

template <class M, class... Ps>
using TrainerWith = lt::Trainer<M, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                lt::precision::F32, Ps...>;

lt::TrainerOptions options(std::int64_t epochs) {
  return quiet({.max_epochs = epochs, .num_sanity_val_steps = 0});
}

using Rates = std::vector<std::vector<double>>;

}  // namespace

TEST_CASE("the backbone is frozen, then one more group whose rate doubles up to the head's") {
  Model model;
  Data data;
  TrainerWith<Model, BackboneFinetuning> trainer{
      options(5),
      BackboneFinetuning{{.unfreeze_backbone_at_epoch = 1, .backbone_initial_ratio_lr = 0.3}}};
  const at::Tensor before = model.backbone->weight.detach().clone();
  trainer.fit(model, data);
  CHECK(model.rates == Rates{{0.1}, {0.1, 0.03}, {0.1, 0.06}, {0.1, 0.1}, {0.1, 0.1}});
  CHECK(at::equal(model.weights[0], before));
  CHECK_FALSE(at::equal(model.weights[1], before));
  CHECK(model.backbone->weight.requires_grad());
  CHECK(trainer.get<BackboneFinetuning>().previous_backbone_lr() == 0.1);
}

TEST_CASE("an initial rate and a factor of one's own, not aligned") {
  Model model;
  Data data;
  TrainerWith<Model, BackboneFinetuning> trainer{
      options(3),
      BackboneFinetuning{
          {.unfreeze_backbone_at_epoch = 0, .backbone_initial_lr = 0.05, .should_align = false},
          [](std::int64_t epoch) { return static_cast<double>(epoch) + 1.0; }}};
  trainer.fit(model, data);
  REQUIRE(model.rates.size() == 3);
  CHECK(model.rates[0][1] == 0.05);
  CHECK(model.rates[1][1] == doctest::Approx(0.15));  // asked for epoch 2
  CHECK(model.rates[2][1] == doctest::Approx(0.6));
}

TEST_CASE("a model without a backbone is refused") {
  test::Linear model;
  Data data;
  TrainerWith<test::Linear, BackboneFinetuning> trainer{options(1)};
  CHECK_THROWS_WITH_AS(trainer.fit(model, data), doctest::Contains("lt[E624]"), lt::ConfigError);
}

TEST_CASE("a resumed run has its groups again and goes on training the backbone") {
  const Folder folder;
  const auto trainer_of = [&](lt::Compat compat) {
    lt::TrainerOptions o = options(4);
    o.enable_checkpointing = true;
    o.compat = compat;
    return TrainerWith<Model, BackboneFinetuning, lt::ModelCheckpoint>{
        o, BackboneFinetuning{{.unfreeze_backbone_at_epoch = 1}},
        lt::ModelCheckpoint{{.dirpath = folder.str(), .save_top_k = -1}}};
  };
  Model whole;
  Data data;
  auto first = trainer_of(lt::Compat::lt);
  first.fit(whole, data);

  const std::string path = (folder / "epoch=1-step=6.ckpt").string();
  const auto saved = lt::checkpoint_io::Binary{}.load_checkpoint(path);
  const auto& groups =
      saved.at("callbacks", "BackboneFinetuning", "internal_optimizer_metadata", 0);
  REQUIRE(groups.size() == 2);
  CHECK(groups.list()[1].get<double>("lr") == doctest::Approx(0.01));
  CHECK(groups.list()[1].get<double>("momentum") == 0.5);
  CHECK(groups.list()[1].at("params").list()[0].as<std::string>() == "backbone.weight");

  Model resumed;
  auto second = trainer_of(lt::Compat::lt);
  second.fit(resumed, data, {.ckpt_path = path});
  CHECK(resumed.rates.back() == whole.rates.back());
  CHECK(at::equal(resumed.backbone->weight, whole.backbone->weight));

  // Lightning leaves it frozen for good.
  Model frozen;
  auto third = trainer_of(lt::Compat::lightning);
  third.fit(frozen, data, {.ckpt_path = path});
  CHECK(at::equal(frozen.backbone->weight, whole.weights[1]));
}

TEST_CASE("schedules go on when a group was added") {
  class Scheduled : public Model {
   public:
    lt::Optimizers<lt::optim::SGD, lt::Schedule<lt::optim::ExponentialLR>> configure_optimizers() {
      return {Model::configure_optimizers(),
              lt::Schedule{lt::optim::ExponentialLR{{.gamma = 0.5}}}};
    }
  };
  Scheduled model;
  Data data;
  TrainerWith<Scheduled, BackboneFinetuning> trainer{
      options(2), BackboneFinetuning{{.unfreeze_backbone_at_epoch = 0}}};
  trainer.fit(model, data);
  REQUIRE(model.rates.back().size() == 2);
  CHECK(model.rates.back()[0] == doctest::Approx(0.025).epsilon(1e-9));
}

TEST_CASE("freeze and make_trainable, with and without batch normalization") {
  Model model;
  BackboneFinetuning::freeze({model.backbone, model.norm});
  CHECK_FALSE(model.backbone->weight.requires_grad());
  CHECK(model.norm->weight.requires_grad());
  CHECK(model.head->weight.requires_grad());
  BackboneFinetuning::freeze(model, false);
  CHECK_FALSE(model.norm->weight.requires_grad());
  CHECK_FALSE(model.head->bias.requires_grad());
  BackboneFinetuning::make_trainable(model);
  for (const at::Tensor& param : model.parameters()) {
    CHECK(param.requires_grad());
  }
}

TEST_CASE("the statistics of a frozen batch normalization rest, and move again with its momentum") {
  torch::nn::BatchNorm1d norm(torch::nn::BatchNormOptions(2).momentum(0.3));
  const at::Tensor x = at::rand({8, 2}) + 5;
  BackboneFinetuning::freeze(norm, false);
  const at::Tensor y = norm(x);
  CHECK(at::equal(norm->running_mean, at::zeros({2})));
  CHECK(at::allclose(y.mean(0), at::zeros({2}), 1e-4, 1e-4));  // training uses the batch's
  norm->eval();
  CHECK(at::allclose(norm(x), x, 1e-3, 1e-3));  // evaluation those that rest
  norm->train();
  BackboneFinetuning::make_trainable(norm);
  CHECK(norm->options.momentum() == 0.3);
  norm(x);
  CHECK(at::allclose(norm->running_mean, x.mean(0) * 0.3, 1e-4, 1e-5));

  norm->options.momentum(std::nullopt);
  BackboneFinetuning::freeze(norm, false);
  CHECK(norm->options.momentum().has_value());
  BackboneFinetuning::freeze(norm, false);  // twice is as once
  BackboneFinetuning::make_trainable(norm);
  CHECK_FALSE(norm->options.momentum().has_value());
}

TEST_CASE("filter_params by requires_grad and layer") {
  Model model;
  BackboneFinetuning::freeze(model.backbone);
  CHECK(BackboneFinetuning::filter_params(model).size() == 4);
  CHECK(BackboneFinetuning::filter_params(model, false).size() == 2);
  CHECK(BackboneFinetuning::filter_params(model, true, false).size() == 2);
}

TEST_CASE("unfreeze_and_add_param_group: the rate, and what the optimizer has already") {
  Model model;
  lt::optim::SGD optimizer = model.configure_optimizers();
  BackboneFinetuning::freeze(model.backbone);
  CHECK(BackboneFinetuning::unfreeze_and_add_param_group(model.backbone, optimizer) == 0);
  REQUIRE(optimizer.param_groups().size() == 2);
  CHECK(optimizer.param_groups()[1].options.lr == doctest::Approx(0.01));
  CHECK(optimizer.param_groups()[1].options.momentum == 0.5);
  CHECK(model.backbone->weight.requires_grad());
  CHECK(BackboneFinetuning::unfreeze_and_add_param_group({model.norm, model.head}, optimizer,
                                                         0.7) == 2);
  CHECK(optimizer.param_groups()[2].params.size() == 2);
  CHECK(optimizer.param_groups()[2].options.lr == 0.7);
  CHECK(BackboneFinetuning::unfreeze_and_add_param_group(model.head, optimizer) == 2);
  CHECK(optimizer.param_groups().size() == 3);
}

TEST_CASE("options out of range are refused") {
  CHECK_THROWS_AS(BackboneFinetuning({.unfreeze_backbone_at_epoch = -1}), lt::ConfigError);
  CHECK_THROWS_AS(BackboneFinetuning({.initial_denom_lr = 0.0}), lt::ConfigError);
}
