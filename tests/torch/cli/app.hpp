// SPDX-License-Identifier: Apache-2.0
// A program with choices, for the tests of the command line.
#pragma once

#include <lt/cli.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>
#include <lt/precision.hpp>

#include <torch/torch.h>

#include <cstdint>
#include <utility>

namespace app {

using Batch = lt::Example<>;

/// One linear layer: y = a fixed linear map of x is exactly learnable.
class Linear : public lt::nn::Module {
 public:
  struct Options {
    std::int64_t inputs = 4;
    double lr = 0.1;
  };
  explicit Linear(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }
  Options& hparams() { return options_; }

  at::Tensor forward(const at::Tensor& x) { return net(x); }
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    const at::Tensor loss = torch::mse_loss(net(batch.data), batch.target);
    log("train_loss", loss);
    return loss;
  }
  void validation_step(const Batch& batch, std::int64_t) {
    log("val_loss", torch::mse_loss(net(batch.data), batch.target));
  }
  void test_step(const Batch& batch, std::int64_t) {
    log("test_double", net->weight.scalar_type() == at::kDouble ? 1.0 : 0.0);
    log("test_loss", torch::mse_loss(net(batch.data), batch.target));
  }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = options_.lr});
  }

  Options options_;
  torch::nn::Linear net{register_module("net", torch::nn::Linear(options_.inputs, 1))};
};

/// The same without an optimizer of its own, and nothing to tune.
class Bare : public lt::nn::Module {
 public:
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    return torch::mse_loss(net(batch.data), batch.target);
  }
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
};

class Data {
 public:
  struct Options {
    std::int64_t count = 12;
    std::int64_t batch_size = 4;
    std::int64_t features = 4;
  };
  explicit Data(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }

  auto train_dataloader() { return loader(0); }
  auto val_dataloader() { return loader(1); }
  auto test_dataloader() { return loader(2); }
  auto predict_dataloader() { return loader(3); }

 private:
  lt::DataLoader<lt::TensorDataset<Batch>> loader(std::uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    const at::Tensor x = at::rand({options_.count, options_.features}, generator) * 2 - 1;
    return lt::DataLoader(lt::TensorDataset<Batch>(Batch{x, x.sum(1, true)}),
                          {.batch_size = options_.batch_size});
  }
  Options options_;
};

}  // namespace app

LT_REFLECT(app::Linear::Options, (inputs, "features of a sample"), (lr, "learning rate"))
LT_REFLECT(app::Data::Options, (count, "samples"), (batch_size, "samples per batch"),
           (features, "features of a sample"))

namespace app {

using Program = lt::Cli<lt::choices<Linear, Bare>, Data, lt::strategy::SingleDevice,
                        lt::accelerator::Cpu, lt::choices<lt::precision::F32, lt::precision::F64>,
                        lt::PartList<lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>,
                        lt::cli::optimizers<lt::optim::SGD, lt::optim::Adam>,
                        lt::cli::schedulers<lt::optim::StepLR, lt::optim::ReduceLROnPlateau>>;

}  // namespace app

// elsewhere.cpp makes one of its trainers.
LT_CLI_ELSEWHERE(app::Program::trainer<app::Bare, app::Data, lt::strategy::SingleDevice,
                                       lt::accelerator::Cpu, lt::precision::F64>);
