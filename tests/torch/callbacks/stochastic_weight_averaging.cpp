// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/stochastic_weight_averaging.hpp"

#include "../trainer/models.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using lt::StochasticWeightAveraging;
using test::Data;
using test::Folder;
using test::quiet;

/// Notes its weight at the start of epochs and its rate at their end.
class Model : public test::Linear {
 public:
  Model() {
    const torch::NoGradGuard no_grad;
    net->weight.fill_(0.5);
    net->bias.zero_();
  }
  // The callbacks have been called: what they averaged is the weight now.
  void on_train_epoch_start() { starts.push_back(net->weight.detach().clone()); }
  void on_train_epoch_end(auto& ctx) { rates.push_back(ctx.optimizer_groups()[0].lr); }
  std::vector<at::Tensor> starts;
  std::vector<double> rates;
};

/// A model with batch normalization.
class Normed : public lt::nn::Module {
 public:
  at::Tensor training_step(const test::Batch& batch, std::int64_t) {
    ++steps;
    return torch::mse_loss(net(norm(batch.data)), batch.target);
  }
  void on_before_backward(const at::Tensor&) { ++backwards; }
  lt::optim::SGD configure_optimizers() { return lt::optim::SGD(parameters(), {.lr = 0.1}); }

  torch::nn::BatchNorm1d norm{register_module("norm", torch::nn::BatchNorm1d(4))};
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
  int steps = 0;
  int backwards = 0;
};

template <class M, class... Ps>
using TrainerWith = lt::Trainer<M, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                lt::precision::F32, Ps...>;

lt::TrainerOptions options(std::int64_t epochs) {
  return quiet({.max_epochs = epochs, .num_sanity_val_steps = 0});
}

std::string error_of(auto&& call) {
  try {
    call();
  } catch (const lt::ConfigError& error) {
    return error.what();
  }
  return "no error";
}

bool close(const at::Tensor& a, const at::Tensor& b) { return at::allclose(a, b, 1e-5, 1e-7); }

}  // namespace

TEST_CASE("the weights at the starts of the last epochs are averaged and given to the model") {
  Model model;
  Data data;
  TrainerWith<Model, StochasticWeightAveraging> trainer{
      options(4), StochasticWeightAveraging{
                      {.swa_lrs = {0.02}, .swa_epoch_start = 2, .annealing_epochs = 2}}};
  trainer.fit(model, data);
  REQUIRE(model.starts.size() == 4);
  CHECK(close(model.net->weight, (model.starts[1] + model.starts[2] + model.starts[3]) / 3));
  CHECK(trainer.get<StochasticWeightAveraging>().n_averaged() == 3);
  // The schedule begins in epoch 1 and has moved when an epoch ends: half of the cosine, the end.
  CHECK(model.rates[0] == 0.1);
  CHECK(model.rates[1] == doctest::Approx(0.06));
  CHECK(model.rates[2] == doctest::Approx(0.02));
  CHECK(model.rates[3] == doctest::Approx(0.02));
}

TEST_CASE("a start as a fraction of max_epochs") {
  Model model;
  Data data;
  TrainerWith<Model, StochasticWeightAveraging> trainer{
      options(4), StochasticWeightAveraging{{.swa_lrs = {0.02}, .swa_epoch_start = 0.75}}};
  trainer.fit(model, data);
  CHECK(trainer.get<StochasticWeightAveraging>().swa_start() == 2);
  CHECK(close(model.net->weight, (model.starts[2] + model.starts[3]) / 2));
}

TEST_CASE("an average of its own") {
  Model model;
  Data data;
  const auto latest = [](const at::Tensor&, const at::Tensor& current, std::int64_t) {
    return current;
  };
  TrainerWith<Model, StochasticWeightAveraging> trainer{
      options(3), StochasticWeightAveraging{{.swa_lrs = {0.02}, .swa_epoch_start = 1}, latest}};
  trainer.fit(model, data);
  CHECK(close(model.net->weight, model.starts[2]));
}

TEST_CASE("batch normalization: one more epoch gathers its statistics, forward only") {
  Normed model;
  Data data;
  TrainerWith<Normed, StochasticWeightAveraging> trainer{
      options(2), StochasticWeightAveraging{
                      {.swa_lrs = {0.05}, .swa_epoch_start = 1, .annealing_epochs = 1}}};
  const auto result = trainer.fit(model, data);
  CHECK(result.epoch == 3);
  CHECK(model.steps == 9);
  CHECK(model.backwards == 6);
  CHECK(trainer.state().plan.max_epochs == 2);
  CHECK(trainer.state().plan.num_training_batches == lt::BatchCount(3));
  CHECK(trainer.state().plan.accumulate_grad_batches == 1);
  // A plain mean over the three batches, and the momentum is back.
  const auto x = test::line(12);
  at::Tensor mean = at::zeros({4});
  for (const auto& batch : test::loader(12)) {
    mean += batch.data.mean(0) / 3;
  }
  CHECK(at::allclose(model.norm->running_mean, mean, 1e-4, 1e-5));
  CHECK(model.norm->options.momentum() == 0.1);
  CHECK(model.norm->num_batches_tracked.item<std::int64_t>() == 3);
}

TEST_CASE("the step at the end of that epoch moves nothing, unless Lightning is repeated") {
  const auto weights_after = [](lt::Compat compat) {
    at::manual_seed(3);
    Normed model;
    lt::Loaders<test::Loader> data{test::loader(12)};  // no validation that clears gradients
    lt::TrainerOptions o = options(2);
    o.compat = compat;
    lt::Trainer<Normed, lt::Loaders<test::Loader>, lt::strategy::SingleDevice,
                lt::accelerator::Cpu, lt::precision::F32, StochasticWeightAveraging>
        trainer{o, StochasticWeightAveraging{
                       {.swa_lrs = {0.05}, .swa_epoch_start = 1, .annealing_epochs = 1}}};
    trainer.fit(model, data);
    const auto average = trainer.template get<StochasticWeightAveraging>()
                             .state_dict()
                             .average_model_state.template get<at::Tensor>("net.weight");
    return close(model.net->weight, average);
  };
  CHECK(weights_after(lt::Compat::lt));
  CHECK_FALSE(weights_after(lt::Compat::lightning));
}

TEST_CASE("a run resumes in the middle of the averaging") {
  const Folder folder;
  const auto trainer_of = [&] {
    lt::TrainerOptions o = options(4);
    o.enable_checkpointing = true;
    return TrainerWith<Model, StochasticWeightAveraging, lt::ModelCheckpoint>{
        o,
        StochasticWeightAveraging{
            {.swa_lrs = {0.02}, .swa_epoch_start = 2, .annealing_epochs = 2}},
        lt::ModelCheckpoint{{.dirpath = folder.str(), .save_top_k = -1}}};
  };
  Model whole;
  Data data;
  auto first = trainer_of();
  first.fit(whole, data);

  const auto path = folder / "epoch=2-step=9.ckpt";
  const auto saved = lt::checkpoint_io::Binary{}.load_checkpoint(path);
  const auto& state = saved.at("callbacks", "StochasticWeightAveraging");
  CHECK(state.get<std::int64_t>("n_averaged") == 2);
  CHECK(state.get<std::int64_t>("latest_update_epoch") == 2);
  CHECK(state.get<std::string>("scheduler_state", "_anneal_strategy") == "cos");
  CHECK(state.contains("average_model_state", "net.bias"));
  CHECK(saved.at("lr_schedulers").size() == 1);

  Model resumed;
  auto second = trainer_of();
  second.fit(resumed, data, {.ckpt_path = path.string()});
  CHECK(close(resumed.net->weight, whole.net->weight));
  CHECK(resumed.rates.back() == whole.rates.back());
}

TEST_CASE("options out of range are refused") {
  const auto made = [](StochasticWeightAveraging::Options o) {
    return error_of([&] { StochasticWeightAveraging{std::move(o)}; });
  };
  CHECK(made({}).find("E611") != std::string::npos);
  CHECK(made({.swa_lrs = {0.0}}).find("E611") != std::string::npos);
  CHECK(made({.swa_lrs = {0.1}, .swa_epoch_start = 0}).find("E610") != std::string::npos);
  CHECK(made({.swa_lrs = {0.1}, .swa_epoch_start = 1.5}).find("E610") != std::string::npos);
  CHECK(made({.swa_lrs = {0.1}, .annealing_epochs = -1}).find("E612") != std::string::npos);
  CHECK(made({.swa_lrs = {0.1}, .swa_epoch_start = 0.0}) == "no error");
}

TEST_CASE("an endless run needs a start in epochs; rates must fit the groups") {
  Model model;
  Data data;
  lt::TrainerOptions o = options(-1);
  o.max_steps = 6;
  TrainerWith<Model, StochasticWeightAveraging> endless{
      o, StochasticWeightAveraging{{.swa_lrs = {0.1}}}};
  CHECK(error_of([&] { endless.fit(model, data); }).find("lt[E615]") == 0);
  TrainerWith<Model, StochasticWeightAveraging> groups{
      options(1), StochasticWeightAveraging{{.swa_lrs = {0.1, 0.2}, .swa_epoch_start = 1}}};
  CHECK(error_of([&] { groups.fit(model, data); }).find("swa_lr") != std::string::npos);
}

TEST_CASE("an endless run gets the average when it ends") {
  Model model;
  Data data;
  lt::TrainerOptions o = options(-1);
  o.max_steps = 9;
  TrainerWith<Model, StochasticWeightAveraging> trainer{
      o, StochasticWeightAveraging{{.swa_lrs = {0.1}, .swa_epoch_start = 2}}};
  trainer.fit(model, data);
  CHECK(close(model.net->weight, (model.starts[1] + model.starts[2]) / 2));
}
