// SPDX-License-Identifier: Apache-2.0
// A strategy of one's own (threads.hpp): two ranks, each a thread with half of every batch, learn
// what one rank learns with whole batches. Prints
//   two ranks: loss 0.0015..., one rank: loss 0.0015...
//   weights differ by at most 1e-6
#include "threads.hpp"

#include <lt/nn.hpp>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <thread>
#include <utility>

namespace {

/// Finds the plane on which points lie. Shapes: data [B, 3], target [B, 1].
struct Plane : lt::nn::Module {
  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    return torch::nn::functional::mse_loss(linear(batch.data), batch.target);
  }
  lt::optim::Adam configure_optimizers() { return lt::optim::Adam(parameters(), {.lr = 0.1}); }

  torch::nn::Linear linear{register_module("linear", torch::nn::Linear(3, 1))};
};

auto points() {
  const lt::Tensor x = at::arange(3.0 * 256).sin().view({256, 3});
  return lt::TensorDataset<lt::Example<>>(x, 2.0 * x.sum(1, /*keepdim=*/true) + 1.0);
}

template <class Strategy>
void train(Plane& model, std::int64_t batch_size, Strategy strategy) {
  auto loader = lt::DataLoader(points(), {.batch_size = batch_size});  // of each rank
  lt::Trainer<Plane, lt::Loaders<decltype(loader)>, Strategy> trainer{
      {.max_epochs = 10,
       .enable_checkpointing = false,
       .enable_progress_bar = false,
       .enable_model_summary = false,
       .logger = false},
      std::move(strategy)};
  trainer.fit(model, loader);
}

lt::Tensor weights(const Plane& model) {
  return at::cat({model.linear->weight.flatten(), model.linear->bias}).detach();
}

float loss(Plane& model) {
  const c10::NoGradGuard no_grad;
  return model.training_step(points().tensors(), 0).item().toFloat();
}

}  // namespace

int main() {
  lt::seed_everything(1);
  Plane alone;
  train(alone, 32, lt::strategy::SingleDevice{});

  const auto team = std::make_shared<Team>(2);
  lt::seed_everything(1);
  Plane first;   // begins as the other one did
  Plane second;  // will get the weights of the first
  std::thread other([&] { train(second, 16, Threads(team, 1)); });
  train(first, 16, Threads(team, 0));
  other.join();

  const auto difference = [&](const Plane& model) {
    return (weights(model) - weights(alone)).abs().max().item().toDouble();
  };
  const double most = std::max({difference(first), difference(second), 1e-12});
  std::cout << "two ranks: loss " << loss(first) << ", one rank: loss " << loss(alone) << '\n'
            << "weights differ by at most 1e" << std::ceil(std::log10(most)) << '\n';
}
