// SPDX-License-Identifier: Apache-2.0
// Precisions in a trainer: types, loss scaling, checkpoints.
#include "lt/precision.hpp"

#include "models.hpp"

#include "doctest_torch.hpp"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <vector>

namespace {

using test::Batch;
using test::Linear;
using test::loader;
using test::Loader;
using namespace lt::precision;

template <class Model, class P, class... Parts>
using TrainerFor = lt::Trainer<Model, lt::Loaders<Loader>, lt::strategy::SingleDevice,
                               lt::accelerator::Cpu, P, Parts...>;

lt::TrainerOptions quiet(std::int64_t epochs = 1) {
  return test::quiet({.max_epochs = epochs});
}

/// Looks at types in its step.
struct Looking : Linear {
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    batch_type = batch.data.scalar_type();
    fresh_type = torch::zeros({1}).scalar_type();
    product_type = batch.data.matmul(net->weight.t()).scalar_type();
    autocast = at::autocast::is_autocast_enabled(at::kCPU);
    return loss(batch).to(at::kFloat);
  }
  at::ScalarType batch_type{};
  at::ScalarType fresh_type{};
  at::ScalarType product_type{};
  bool autocast = false;
};

TEST_CASE_TEMPLATE("true precisions convert everything", P, F64, Bf16True, F16True) {
  const at::ScalarType type = P::name == "64-true"     ? at::kDouble
                              : P::name == "bf16-true" ? at::kBFloat16
                                                       : at::kHalf;
  Looking model;
  TrainerFor<Looking, P> trainer(quiet());
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  CHECK((model.batch_type == type));
  CHECK((model.fresh_type == type));
  CHECK((model.product_type == type));
  CHECK((model.net->weight.scalar_type() == type));
  CHECK_FALSE(model.autocast);
  CHECK((torch::zeros({1}).scalar_type() == at::kFloat));  // the guard is gone
}

TEST_CASE_TEMPLATE("mixed precisions keep weights and batches", P, Bf16Mixed, F16Mixed) {
  const at::ScalarType type = P::name == "bf16-mixed" ? at::kBFloat16 : at::kHalf;
  Looking model;
  TrainerFor<Looking, P> trainer(quiet());
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  CHECK((model.batch_type == at::kFloat));
  CHECK((model.fresh_type == at::kFloat));
  CHECK((model.product_type == type));
  CHECK((model.net->weight.scalar_type() == at::kFloat));
  CHECK(model.autocast);
  CHECK_FALSE(at::autocast::is_autocast_enabled(at::kCPU));  // the guard is gone
}

TEST_CASE("converting a module leaves whole numbers alone") {
  torch::nn::BatchNorm1dImpl norm(3);
  norm.weight.mutable_grad() = torch::ones({3});
  convert_module(norm, at::kBFloat16);
  CHECK((norm.running_mean.scalar_type() == at::kBFloat16));
  CHECK((norm.num_batches_tracked.scalar_type() == at::kLong));
  CHECK((norm.weight.grad().scalar_type() == at::kBFloat16));
  CHECK(norm.weight.requires_grad());
}

// -- 16-mixed -------------------------------------------------------------------------------------

/// The loss is infinite at the chosen steps.
struct Injected : Linear {
  at::Tensor training_step(const Batch& batch, std::int64_t i) {
    const at::Tensor value = loss(batch);
    const bool bad = std::ranges::find(bad_steps, i) != bad_steps.end();
    return bad ? value * std::numeric_limits<float>::infinity() : value;
  }
  std::vector<std::int64_t> bad_steps;
};

/// Gradients and weights as callbacks see them.
struct Watch {
  void on_before_optimizer_step(auto& ctx, auto&) {
    grads.push_back(ctx.model().net->weight.grad().clone());
  }
  void on_train_batch_end(auto& ctx, const auto&, const auto&, std::int64_t) {
    weights.push_back(ctx.model().net->weight.detach().clone());
  }
  std::vector<at::Tensor> grads;
  std::vector<at::Tensor> weights;
};

TEST_CASE("16-mixed leaves out steps with infinities, and counts them") {
  Injected model;
  model.bad_steps = {1};
  TrainerFor<Injected, F16Mixed, Watch> trainer(quiet(), F16Mixed({.init_scale = 1024.0}));
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  const auto& weights = trainer.get<Watch>().weights;
  REQUIRE(weights.size() == 3);
  CHECK(weights[1].equal(weights[0]));
  CHECK_FALSE(weights[2].equal(weights[1]));
  CHECK(trainer.global_step() == 3);
  CHECK(trainer.engine().fabric().precision().scaler().get_scale() == 512.0);
}

TEST_CASE("16-mixed unscales before hooks and clipping") {
  Injected model;
  auto options = quiet();
  options.gradient_clip_val = 1e-3;
  TrainerFor<Injected, F16Mixed, Watch> trainer(options, F16Mixed({.init_scale = 16384.0}));
  trainer.set_message_sink({});
  const at::Tensor before = model.net->weight.detach().clone();
  trainer.fit(model, loader(4));
  const at::Tensor& grad = trainer.get<Watch>().grads.at(0);
  CHECK(grad.norm().item<float>() < 10.0F);  // 16384 times that if it were scaled
  CHECK(grad.norm().item<float>() > 1e-3F);  // not yet clipped
  const at::Tensor moved = (model.net->weight - before).norm();
  CHECK(moved.item<float>() <= 1.01e-4F);  // lr times the clipped norm
}

template <class P>
double final_loss() {
  torch::manual_seed(0);
  Linear model;
  TrainerFor<Linear, P> trainer(quiet(40));
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  return trainer.callback_metrics().find("train_loss").value();
}

TEST_CASE("16-mixed trains as well as 32-true") {
  CHECK(final_loss<F16Mixed>() == doctest::Approx(final_loss<F32>()).epsilon(0.1));
}

struct Silent : Linear {
  std::optional<at::Tensor> training_step(const Batch& batch, std::int64_t i) {
    return i == 1 ? std::optional<at::Tensor>() : std::optional(loss(batch));
  }
};

struct Weights {
  void on_train_batch_end(lt::RunView&, const auto&, const auto&, std::int64_t) {
    seen.push_back(model->net->weight.detach().clone());
  }
  Silent* model = nullptr;
  std::vector<at::Tensor> seen;
};

TEST_CASE("a training step without a loss moves nothing under 16-mixed") {
  Silent model;
  TrainerFor<Silent, F16Mixed, Weights> trainer(quiet(), Weights{&model, {}});
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  const auto& seen = trainer.get<Weights>().seen;
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].equal(seen[0]));
  CHECK_FALSE(seen[2].equal(seen[1]));
  CHECK(trainer.engine().fabric().precision().scaler().state_dict()._growth_tracker == 2);
}

struct Manual : Linear {
  static constexpr bool automatic_optimization = false;
  void training_step(const Batch& batch, std::int64_t, auto& ctx) {
    auto optimizer = ctx.optimizer();
    optimizer.zero_grad();
    ctx.manual_backward(this->loss(batch));
    scaled = this->net->weight.grad().norm().template item<float>();
    optimizer.step();
  }
  float scaled = 0;
};

TEST_CASE("manual optimization scales and unscales, too") {
  Manual model;
  TrainerFor<Manual, F16Mixed, Watch> trainer(quiet(), F16Mixed({.init_scale = 256.0}));
  trainer.set_message_sink({});
  trainer.fit(model, loader(4));
  const float unscaled = trainer.get<Watch>().grads.at(0).norm().item<float>();
  CHECK(unscaled * 256.0F == doctest::Approx(model.scaled).epsilon(1e-3));
}

TEST_CASE("the state of the scaler is saved under Lightning's key and comes back") {
  const test::Folder folder;
  const auto path = folder / "scaler.ckpt";
  Injected model;
  model.bad_steps = {0, 1};
  TrainerFor<Injected, F16Mixed> trainer(quiet());
  trainer.set_message_sink({});
  trainer.fit(model, loader());
  const auto dump = trainer.engine().dump_checkpoint(false);
  CHECK(dump.get<double>("MixedPrecision", "scale") == 16384.0);
  CHECK(dump.get<std::int64_t>("MixedPrecision", "_growth_tracker") == 1);
  CHECK(trainer.engine().dump_checkpoint(true).find("MixedPrecision") == nullptr);
  trainer.save_checkpoint(path);

  Injected other;
  TrainerFor<Injected, F16Mixed> resumed(quiet(2));
  resumed.set_message_sink({});
  resumed.fit(other, loader(), {.ckpt_path = path.string()});
  CHECK(resumed.engine().fabric().precision().scaler().state_dict()._growth_tracker == 4);
  CHECK(resumed.engine().fabric().precision().scaler().get_scale() == 16384.0);
}

TEST_CASE("a scale that stays at its floor is said once") {
  Injected model;
  for (std::int64_t i = 0; i < 130; ++i) {
    model.bad_steps.push_back(i);
  }
  TrainerFor<Injected, F16Mixed> trainer(quiet(), F16Mixed({.init_scale = 2.0}));
  int said = 0;
  trainer.set_message_sink([&](const lt::Message& message) { said += message.code == "W041"; });
  trainer.fit(model, loader(130, 1));
  CHECK(said == 1);
}

TEST_CASE("LBFGS chosen at run time is refused under 16-mixed") {
  struct Chosen : Linear {
    auto configure_optimizers() {
      return lt::optim::OneOf<lt::optim::SGD, lt::optim::LBFGS>(lt::optim::LBFGS(parameters()));
    }
  };
  Chosen model;
  TrainerFor<Chosen, F16Mixed> trainer(quiet());
  trainer.set_message_sink({});
  CHECK_THROWS_WITH_AS(trainer.fit(model, loader()),
                       doctest::Contains("evaluates its loss several times"), lt::ConfigError);
}

}  // namespace
