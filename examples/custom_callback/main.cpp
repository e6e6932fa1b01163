// SPDX-License-Identifier: Apache-2.0
// A callback of one's own (gradient_norm.hpp): it logs, says something at the end, and its state is
// in checkpoints. Trains for three epochs, then goes on from the checkpoint for two more; gradients
// shrink, so the largest one of all is among the first. Prints
//   largest of 24 norms: 10.2...
//   largest of 40 norms: 10.2...
//   the last one, as it was logged: 0.00...
#include "gradient_norm.hpp"

#include <lt/nn.hpp>

#include <ATen/ops/randn.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <filesystem>
#include <iostream>

namespace {

/// Finds the plane on which points lie. Shapes: data [B, 3], target [B, 1].
struct Plane : lt::nn::Module {
  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    return torch::nn::functional::mse_loss(linear(batch.data), batch.target);
  }
  lt::optim::SGD configure_optimizers() { return lt::optim::SGD(parameters(), {.lr = 0.1}); }

  torch::nn::Linear linear{register_module("linear", torch::nn::Linear(3, 1))};
};

/// 256 points in batches of 32: eight steps in an epoch.
auto points() {
  const lt::Tensor x = at::randn({256, 3});
  const lt::Tensor y = 2.0 * x.sum(1, /*keepdim=*/true) + 1.0;
  return lt::DataLoader(lt::TensorDataset<lt::Example<>>(x, y), {.batch_size = 32});
}

using Trainer = lt::Trainer<Plane, lt::Loaders<decltype(points())>, lt::strategy::SingleDevice,
                            lt::accelerator::Cpu, lt::precision::F32, GradientNorm>;

lt::TrainerOptions quiet(std::int64_t epochs) {
  return {.max_epochs = epochs,
          .enable_checkpointing = false,
          .enable_progress_bar = false,
          .enable_model_summary = false,
          .logger = false};
}

}  // namespace

int main() {
  try {
    lt::seed_everything(42);
    auto loader = points();
    Plane model;
    const auto path = std::filesystem::temp_directory_path() / "lt_custom_callback.ckpt";

    Trainer first{quiet(3)};
    first.fit(model, loader);
    first.save_checkpoint(path);

    Trainer second{quiet(5)};
    second.fit(model, loader, {.ckpt_path = path.string()});
    std::cout << "the last one, as it was logged: "
              << second.callback_metrics().find("grad_norm").value() << '\n';
    std::filesystem::remove(path);
    return 0;
  } catch (const lt::Error& error) {
    std::cerr << "custom_callback: " << error.what() << '\n';
    return 1;
  }
}
