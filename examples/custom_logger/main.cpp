// SPDX-License-Identifier: Apache-2.0
// A logger of one's own (markdown_logger.hpp) in the place of the default one. Prints the file that
// it wrote: the model's options, then a table with the losses of three epochs.
#include "markdown_logger.hpp"

#include <lt/nn.hpp>

#include <ATen/ops/randn.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <fstream>
#include <iostream>

namespace {

/// Finds the plane on which points lie. Shapes: data [B, 3], target [B, 1].
struct Plane : lt::nn::Module {
  struct Options {
    double lr = 0.1;
  };
  explicit Plane(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }

  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    const lt::Tensor loss = torch::nn::functional::mse_loss(linear(batch.data), batch.target);
    log("train_loss", loss, {.on_step = false, .on_epoch = true});
    return loss;
  }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = options_.lr});
  }

  Options options_;
  torch::nn::Linear linear{register_module("linear", torch::nn::Linear(3, 1))};
};

auto points() {
  const lt::Tensor x = at::randn({256, 3});
  const lt::Tensor y = 2.0 * x.sum(1, /*keepdim=*/true) + 1.0;
  return lt::DataLoader(lt::TensorDataset<lt::Example<>>(x, y), {.batch_size = 32});
}

}  // namespace

LT_REFLECT(Plane::Options, (lr, "learning rate"))

int main() {
  try {
    lt::seed_everything(42);
    auto loader = points();
    Plane model{{.lr = 0.05}};
    lt::Trainer<Plane, lt::Loaders<decltype(loader)>, lt::strategy::SingleDevice,
                lt::accelerator::Cpu, lt::precision::F32, MarkdownLogger>
        trainer{{.max_epochs = 3,
                 .enable_checkpointing = false,
                 .enable_progress_bar = false,
                 .enable_model_summary = false},
                MarkdownLogger{"logs"}};
    trainer.fit(model, loader);
    std::cout << std::ifstream("logs/markdown/latest/metrics.md").rdbuf();
    return 0;
  } catch (const lt::Error& error) {
    std::cerr << "custom_logger: " << error.what() << '\n';
    return 1;
  }
}
