// SPDX-License-Identifier: Apache-2.0
// Small models and data for the tests of the trainer.
#pragma once

#include <lt/data.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace test {

using Batch = lt::Example<>;

/// y = a fixed linear map of x, exactly learnable.
inline lt::TensorDataset<Batch> line(std::int64_t count, std::int64_t seed = 0) {
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed));
  const at::Tensor x = at::rand({count, 4}, generator) * 2 - 1;
  const at::Tensor w = at::tensor({0.5F, -0.25F, 0.125F, 1.0F}).view({4, 1});
  return lt::TensorDataset<Batch>(Batch{x, x.matmul(w)});
}

inline auto loader(std::int64_t count = 12, std::int64_t batch_size = 4, std::int64_t seed = 0) {
  return lt::DataLoader(line(count, seed), {.batch_size = batch_size});
}
using Loader = decltype(loader());

/// One linear layer under SGD.
class Linear : public lt::nn::Module {
 public:
  struct Options {
    double lr = 0.1;
  };
  Linear() : Linear(Options{}) {}
  explicit Linear(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }

  at::Tensor loss(const Batch& batch) { return torch::mse_loss(net(batch.data), batch.target); }

  at::Tensor training_step(const Batch& batch, std::int64_t) {
    const at::Tensor value = loss(batch);
    log("train_loss", value);
    return value;
  }
  void validation_step(const Batch& batch, std::int64_t) { log("val_loss", loss(batch)); }
  void test_step(const Batch& batch, std::int64_t) { log("test_loss", loss(batch)); }
  at::Tensor predict_step(const Batch& batch, std::int64_t) { return net(batch.data); }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = options_.lr});
  }

  Options options_;
  torch::nn::Linear net{register_module("net", torch::nn::Linear(4, 1))};
};

/// Training, validation, test and prediction batches.
struct Data {
  std::int64_t count = 12;
  Loader train_dataloader() { return loader(count); }
  Loader val_dataloader() { return loader(8, 4, 1); }
  Loader test_dataloader() { return loader(8, 4, 2); }
  Loader predict_dataloader() { return loader(8, 4, 3); }
};

/// A folder of its own for each test, removed at the end.
class Folder {
 public:
  Folder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("lt-test-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string str() const { return path_.string(); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Options for a quiet run.
inline lt::TrainerOptions quiet(lt::TrainerOptions options = {}) {
  options.enable_progress_bar = false;
  options.enable_model_summary = false;
  options.logger = options.logger.value_or(false);
  options.enable_checkpointing = options.enable_checkpointing.value_or(false);
  return options;
}

}  // namespace test

LT_REFLECT(test::Linear::Options, (lr, "learning rate"))
