// SPDX-License-Identifier: Apache-2.0
// Trains the handwritten digits in a loop written by hand, on Fabric: under bf16-mixed, with
// clipped gradients, a log and a checkpoint of the best epoch. Its last lines:
//   test accuracy: 0.9...
//   checkpoint: logs/fabric/best.ckpt
#include "../digits/digits.hpp"

#include <lt/nn.hpp>
#include <lt/precision.hpp>

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <iostream>

namespace {

/// Shapes: B images; input [B, 64], output [B, 10].
struct Network : torch::nn::Module {
  lt::Tensor forward(const lt::Tensor& images) { return output(hidden(images).relu()); }

  torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(64, 128))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(128, 10))};
};

using Fabric = lt::Fabric<lt::strategy::SingleDevice, lt::accelerator::Cpu,
                          lt::precision::Bf16Mixed, lt::CsvLogger>;

/// The share of images that are recognized.
double accuracy(auto& network, auto& batches) {
  const c10::NoGradGuard no_grad;
  std::int64_t right = 0;
  std::int64_t all = 0;
  for (const auto& batch : batches) {
    right += network(batch.data).argmax(1).eq(batch.target).sum().template item<std::int64_t>();
    all += batch.target.numel();
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

void train(Fabric& fabric) {
  fabric.seed_everything(42);
  Digits digits{{.batch_size = 32}};
  digits.setup(lt::RunFn::fit);
  auto train_loader = digits.train_dataloader();
  auto val_loader = digits.val_dataloader();
  auto test_loader = digits.test_dataloader();
  auto [train_batches, val_batches, test_batches] =
      fabric.setup_dataloaders(train_loader, val_loader, test_loader);

  Network model;
  lt::optim::AdamW adamw(model.parameters(), {.lr = 3e-3});
  auto [network, optimizer] = fabric.setup(model, adamw);

  const char* best = "logs/fabric/best.ckpt";
  double best_accuracy = 0.0;
  std::int64_t step = 0;
  for (std::int64_t epoch = 0; epoch < 15; ++epoch) {
    for (const auto& batch : train_batches) {
      optimizer.zero_grad();
      const lt::Tensor loss =
          torch::nn::functional::cross_entropy(network(batch.data), batch.target);
      fabric.backward(loss);
      fabric.clip_gradients(network, optimizer, {.max_norm = 1.0});
      optimizer.step();
      if (++step % 10 == 0) {
        fabric.log("train_loss", loss, step);
      }
    }
    const double now = accuracy(network, val_batches);
    fabric.log_dict({{"val_acc", now}, {"epoch", static_cast<double>(epoch)}}, step);
    if (now > best_accuracy) {
      best_accuracy = now;
      fabric.save(best, lt::entry("model", network), lt::entry("epoch", epoch));
    }
  }

  fabric.load(best, lt::entry("model", network));
  std::cout << "test accuracy: " << accuracy(network, test_batches) << '\n'
            << "checkpoint: " << best << '\n';
}

}  // namespace

int main() {
  try {
    Fabric fabric{lt::CsvLogger{{.save_dir = "logs", .name = "fabric"}}};
    fabric.launch(train);
    fabric.teardown();
    return 0;
  } catch (const lt::Error& error) {
    std::cerr << "fabric: " << error.what() << '\n';
    return 1;
  }
}
