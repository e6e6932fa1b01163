// SPDX-License-Identifier: Apache-2.0
// The range tests that Lightning's Tuner made, repeated.
#include "recorded/tuner/recorded.hpp"

#include "../trainer/models.hpp"

#include <lt/tuner.hpp>

#include "doctest_torch.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace {

/// A number in [-0.5, 0.5), as record.py makes it.
float unit(std::uint32_t i, std::uint32_t seed) {
  std::uint32_t h = i * 2654435761U + seed * 2246822519U + 374761393U;
  h ^= h >> 15;
  h *= 2246822519U;
  h ^= h >> 13;
  h *= 3266489917U;
  h ^= h >> 16;
  return (static_cast<float>(h >> 16) - 32768.0F) / 65536.0F;
}

at::Tensor tensor(at::IntArrayRef shape, std::uint32_t seed) {
  at::Tensor out = at::empty(shape);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    out.data_ptr<float>()[i] = unit(static_cast<std::uint32_t>(i), seed);
  }
  return out;
}

class Line : public lt::nn::Module {
 public:
  Line() {
    const torch::NoGradGuard no_grad;
    net->weight.copy_(tensor({1, 4}, 1));
    net->bias.copy_(tensor({1}, 2));
  }
  at::Tensor training_step(const test::Batch& batch, std::int64_t) {
    return torch::mse_loss(net(batch.data), batch.target);
  }
  lt::optim::SGD configure_optimizers() { return lt::optim::SGD(parameters(), {.lr = lr}); }

  double lr = 0.1;
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
};

test::Loader loader() {
  return lt::DataLoader(
      lt::TensorDataset<test::Batch>(test::Batch{tensor({20, 4}, 3), tensor({20, 1}, 4)}),
      {.batch_size = 4});
}

using Loaders = lt::Loaders<test::Loader>;

}  // namespace

TEST_CASE("Lightning's range tests: the same rates and suggestions, losses to 1e-6") {
  double worst = 0.0;
  int compared = 0;
  for (const auto& recorded : test::recorded("rates")) {
    CAPTURE(recorded.at("name").get<std::string>());
    const auto& given = recorded.at("options");
    lt::LrFindOptions options;
    options.min_lr = given.value("min_lr", options.min_lr);
    options.max_lr = given.value("max_lr", options.max_lr);
    options.num_training = given.value("num_training", options.num_training);
    if (given.value("mode", "exponential") == "linear") {
      options.mode = lt::LrMode::linear;
    }
    if (given.contains("early_stop_threshold")) {
      options.early_stop_threshold.reset();
    }
    const auto steps = recorded.at("fit_steps").get<std::int64_t>();
    Line model;
    Loaders data(loader());
    lt::Trainer<Line, Loaders> trainer{test::quiet(
        {.max_epochs = recorded.at("trainer").at("max_epochs").get<std::int64_t>(),
         .max_steps = steps == 0 ? -1 : steps,
         .accumulate_grad_batches = recorded.at("trainer").value("accumulate_grad_batches", 1),
         .compat = lt::Compat::lightning})};
    trainer.set_message_sink({});
    if (steps > 0) {
      trainer.fit(model, data);
      trainer.engine().options().max_steps = -1;
    }
    lt::Tuner tuner(trainer);
    const auto found = tuner.lr_find(model, data, options);

    CHECK(found.results.lr == test::numbers(recorded.at("lr")));
    const auto losses = test::numbers(recorded.at("loss"));
    REQUIRE(found.results.loss.size() == losses.size());
    for (std::size_t k = 0; k < losses.size(); ++k) {
      if (std::isfinite(losses[k])) {
        worst = std::max(worst, std::abs(found.results.loss[k] / losses[k] - 1));
      } else {
        CHECK_FALSE(std::isfinite(found.results.loss[k]));
      }
    }
    CHECK(found.suggestion() == test::number<double>(recorded.at("suggestion")));
    CHECK(model.lr == recorded.at("model_lr").get<double>());
    ++compared;
  }
  MESSAGE("largest relative difference of a loss: ", worst);
  CHECK(worst < 1e-6);
  CHECK(compared == 10);
}
