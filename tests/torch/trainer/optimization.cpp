// SPDX-License-Identifier: Apache-2.0
// The forms of configure_optimizers, manual optimization, accumulation and clipping.
#include "models.hpp"

#include <lt/torch.hpp>

#include "doctest_torch.hpp"

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

using test::Data;
using test::Linear;
using test::quiet;

namespace {

template <class Model>
lt::Result train(Model& model, lt::TrainerOptions options = {.max_epochs = 2}) {
  Data data;
  lt::Trainer<Model, Data> trainer{quiet(options)};
  trainer.set_message_sink({});
  return trainer.fit(model, data);
}

template <class Model>
double final_lr(Model& model, std::int64_t epochs) {
  struct Rates {
    double last = 0;
    void on_train_end(lt::RunView& run) { last = run.optimizer_groups().at(0).lr; }
  };
  Data data;
  auto trainer = lt::make_trainer<Model, Data>(quiet({.max_epochs = epochs}), Rates{});
  trainer.set_message_sink({});
  trainer.fit(model, data);
  return trainer.template get<Rates>().last;
}

using lt::optim::SGD;
using lt::optim::StepLR;

struct Norm {
  double norm = 0;
  void on_train_batch_end(auto& ctx, const auto&, const test::Batch&, std::int64_t) {
    norm = ctx.model().net->weight.grad().norm().template item<double>();
  }
};

struct TwoOptimizers : lt::nn::Module {
  static constexpr bool automatic_optimization = false;
  torch::nn::Linear a{register_module("a", torch::nn::Linear(4, 1))};
  torch::nn::Linear b{register_module("b", torch::nn::Linear(4, 1))};

  void training_step(const test::Batch& batch, std::int64_t, auto& ctx) {
    auto [first, second] = ctx.optimizers();
    ctx.toggle_optimizer(first);
    CHECK_FALSE(b->weight.requires_grad());
    first.zero_grad();
    ctx.manual_backward(torch::mse_loss(a(batch.data), batch.target));
    first.step();
    ctx.untoggle_optimizer(first);
    CHECK(b->weight.requires_grad());
    second.step([&] {
      second.zero_grad();
      const at::Tensor loss = torch::mse_loss(b(batch.data), batch.target);
      ctx.manual_backward(loss);
      return loss;
    });
  }
  std::tuple<SGD, lt::optim::Adam> configure_optimizers() {
    return {SGD(a->parameters(), {.lr = 0.1}),
            lt::optim::Adam(b->parameters(), {.lr = 0.01})};
  }
};

}  // namespace

TEST_CASE("an optimizer with a schedule") {
  struct Model : Linear {
    lt::Optimizers<SGD, lt::Schedule<StepLR>> configure_optimizers() {
      return {SGD(parameters(), {.lr = 0.1}),
              lt::Schedule{StepLR({.step_size = 1, .gamma = 0.5})}};
    }
  };
  Model model;
  CHECK(final_lr(model, 3) == doctest::Approx(0.0125));
}

TEST_CASE("a schedule per step, every second batch") {
  struct Model : Linear {
    lt::Optimizers<SGD, lt::Schedule<StepLR>> configure_optimizers() {
      return {SGD(parameters(), {.lr = 0.1}),
              lt::Schedule{StepLR({.step_size = 1, .gamma = 0.5}),
                           {.interval = lt::ScheduleInterval::step, .frequency = 2}}};
    }
  };
  Model model;
  CHECK(final_lr(model, 1) == doctest::Approx(0.05));
}

TEST_CASE("vectors, pairs of vectors and optionals are understood") {
  struct Vector : Linear {
    std::vector<SGD> configure_optimizers() {
      std::vector<SGD> list;
      list.emplace_back(parameters(), lt::optim::SgdOptions{.lr = 0.1});
      return list;
    }
  };
  Vector vector;
  CHECK(train(vector).step == 6);

  struct Pair : Linear {
    std::pair<std::vector<SGD>, std::vector<lt::Schedule<StepLR>>> configure_optimizers() {
      std::pair<std::vector<SGD>, std::vector<lt::Schedule<StepLR>>> both;
      both.first.emplace_back(parameters(), lt::optim::SgdOptions{.lr = 0.1});
      both.second.push_back({StepLR({.step_size = 1, .gamma = 0.5}), {}});
      return both;
    }
  };
  Pair pair;
  CHECK(final_lr(pair, 1) == doctest::Approx(0.05));

  struct None : Linear {
    std::optional<SGD> configure_optimizers() { return {}; }
  };
  None none;
  const at::Tensor before = none.net->weight.detach().clone();
  CHECK(train(none).step == 6);
  CHECK(none.net->weight.equal(before));
}

TEST_CASE("LibTorch's own optimizers train, too") {
  struct Model : Linear {
    torch::optim::SGD configure_optimizers() { return torch::optim::SGD(parameters(), 0.1); }
  };
  torch::manual_seed(1);
  Model theirs;
  torch::manual_seed(1);
  Linear ours;
  train(theirs);
  train(ours);
  CHECK(theirs.net->weight.equal(ours.net->weight));
}

TEST_CASE("LBFGS evaluates its closure several times in a step") {
  struct Model : Linear {
    int steps = 0;
    at::Tensor training_step(const test::Batch& batch, std::int64_t) {
      ++steps;
      return loss(batch);
    }
    lt::optim::LBFGS configure_optimizers() {
      return lt::optim::LBFGS(parameters(), {.lr = 0.5, .max_iter = 4});
    }
  };
  Model model;
  CHECK(train(model, {.max_epochs = 1}).step == 3);
  CHECK(model.steps > 3);
}

TEST_CASE("several optimizers in a tuple under manual optimization") {
  TwoOptimizers model;
  const at::Tensor a = model.a->weight.detach().clone();
  const at::Tensor b = model.b->weight.detach().clone();
  CHECK(train(model, {.max_epochs = 1}).step == 6);
  CHECK_FALSE(model.a->weight.equal(a));
  CHECK_FALSE(model.b->weight.equal(b));
}

TEST_CASE("accumulation equals one large batch, its tail too") {
  // 12 samples: batches of 4 in windows of 2 make one window of 8 and a tail of 4.
  torch::manual_seed(3);
  Linear accumulated;
  torch::manual_seed(3);
  Linear reference;
  train(accumulated, {.max_epochs = 1, .accumulate_grad_batches = 2});
  SGD sgd(reference.parameters(), {.lr = 0.1});
  const auto whole = test::line(12).tensors();
  for (const auto& [begin, end] : {std::pair{0, 8}, std::pair{8, 12}}) {
    sgd.zero_grad();
    reference.loss({whole.data.slice(0, begin, end), whole.target.slice(0, begin, end)}).backward();
    sgd.step();
  }
  CHECK(accumulated.net->weight.allclose(reference.net->weight, 1e-5, 1e-6));
}

TEST_CASE("under compat = lightning the tail counts less, as Lightning has it") {
  torch::manual_seed(3);
  Linear ours, theirs;
  torch::NoGradGuard no_grad;
  theirs.net->weight.copy_(ours.net->weight);
  theirs.net->bias.copy_(ours.net->bias);
  train(ours, {.max_epochs = 1, .accumulate_grad_batches = 2});
  train(theirs, {.max_epochs = 1, .accumulate_grad_batches = 2, .compat = lt::Compat::lightning});
  CHECK_FALSE(ours.net->weight.equal(theirs.net->weight));
}

TEST_CASE("clipping bounds the norm of all gradients") {
  Linear model;
  Data data;
  auto trainer = lt::make_trainer<Linear, Data>(
      quiet({.max_epochs = 1, .gradient_clip_val = 1e-3}), Norm{});
  trainer.set_message_sink({});
  trainer.fit(model, data);
  CHECK(trainer.get<Norm>().norm <= 1.0001e-3);
}
