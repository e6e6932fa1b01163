// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lt/data.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <torch/nn/functional/activation.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace gpu {

using Batch = lt::Example<>;

/// Three layers that classify.
class Net : public lt::nn::Module {
 public:
  explicit Net(std::int64_t width = 256, bool fused = false) : width_(width), fused_(fused) {}

  at::Tensor forward(const at::Tensor& x) {
    namespace F = torch::nn::functional;
    return last->forward(F::relu(second->forward(F::relu(first->forward(x)))));
  }
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    return torch::nn::functional::cross_entropy(forward(batch.data), batch.target);
  }
  lt::optim::AdamW configure_optimizers() {
    return lt::optim::AdamW(parameters(), {.lr = 1e-3, .fused = fused_});
  }
  template <class Outputs>
  void on_train_batch_end(const Outputs& outputs, const Batch&, std::int64_t) {
    if (keeps_losses) {
      losses.push_back(outputs.loss().template item<double>());
    }
  }

  std::int64_t width_;
  bool fused_;
  bool keeps_losses = true;
  std::vector<double> losses;
  torch::nn::Linear first{register_module("first", torch::nn::Linear(64, width_))};
  torch::nn::Linear second{register_module("second", torch::nn::Linear(width_, width_))};
  torch::nn::Linear last{register_module("last", torch::nn::Linear(width_, 10))};
};

inline auto loader(std::int64_t batches, std::int64_t batch_size) {
  torch::manual_seed(3);
  const std::int64_t count = batches * batch_size;
  return lt::DataLoader(
      lt::TensorDataset<Batch>(Batch{at::rand({count, 64}), at::randint(0, 10, {count})}),
      {.batch_size = batch_size});
}
using Loader = decltype(loader(1, 1));
using Data = lt::Loaders<Loader>;

template <class A, class P = lt::precision::F32, class S = lt::strategy::SingleDevice>
using Trainer = lt::Trainer<Net, Data, S, A, P>;

inline lt::TrainerOptions quiet(std::int64_t epochs = 1) {
  lt::TrainerOptions options{.max_epochs = epochs};
  options.enable_progress_bar = false;
  options.enable_model_summary = false;
  options.enable_checkpointing = false;
  options.logger = false;
  return options;
}

/// The loop that a trainer stands in for.
inline void by_hand(Net& net, Loader& batches, c10::Device device) {
  auto adam = net.configure_optimizers();
  for (const Batch& batch : batches) {
    const Batch there{batch.data.to(device), batch.target.to(device)};
    const at::Tensor loss = net.training_step(there, 0);
    adam.zero_grad();
    loss.backward();
    adam.step();
  }
}

/// Seconds that `f` takes.
template <class F>
double seconds(F&& f) {
  const auto begin = std::chrono::steady_clock::now();
  std::forward<F>(f)();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace gpu
