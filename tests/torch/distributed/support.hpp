// SPDX-License-Identifier: Apache-2.0
// A model and data for tests with several ranks.
#pragma once

#include <lt/data.hpp>
#include <lt/ddp.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace test {

using Batch = lt::Example<>;

/// Two layers and, on request, one that has no part in the loss.
class Net : public lt::nn::Module {
 public:
  explicit Net(bool has_spare = false) : spare_used(!has_spare) {}

  at::Tensor forward(const at::Tensor& x) { return out(torch::relu(in(x))); }
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    at::Tensor loss = torch::mse_loss(forward(batch.data), batch.target);
    if (spare_used) {
      loss = loss + 0.0 * spare(batch.data).sum();
    }
    losses.push_back(loss.item<double>());
    log("loss", loss, {.on_epoch = true, .sync_dist = true});
    return loss;
  }
  void validation_step(const Batch& batch, std::int64_t) {
    log("val_loss", torch::mse_loss(forward(batch.data), batch.target), {.sync_dist = true});
    seen += batch.data.size(0);
  }
  at::Tensor predict_step(const Batch& batch, std::int64_t) { return batch.data; }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = 0.05, .momentum = 0.9});
  }

  at::Tensor weights() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& parameter : parameters()) {
      all.push_back(parameter.detach().flatten());
    }
    return torch::cat(all);
  }

  torch::nn::Linear in{register_module("in", torch::nn::Linear(6, 16))};
  torch::nn::Linear out{register_module("out", torch::nn::Linear(16, 1))};
  torch::nn::Linear spare{register_module("spare", torch::nn::Linear(6, 1))};
  bool spare_used;
  std::vector<double> losses;
  std::int64_t seen = 0;
};

inline Batch samples(std::int64_t count) {
  const at::Tensor x = torch::arange(6.0 * static_cast<double>(count)).sin().view({count, 6});
  return {x, x.sum(1, true) + x.select(1, 0).unsqueeze(1) * x.select(1, 1).unsqueeze(1)};
}
inline auto loader(std::int64_t count, std::int64_t batch_size, bool shuffle = false) {
  return lt::DataLoader(lt::TensorDataset<Batch>(samples(count)),
                        {.batch_size = batch_size, .shuffle = shuffle});
}

inline lt::TrainerOptions quiet(lt::TrainerOptions options = {}) {
  options.enable_progress_bar = false;
  options.enable_model_summary = false;
  options.logger = false;
  options.enable_checkpointing = false;
  return options;
}

using Loader = decltype(loader(1, 1));
template <class Strategy>
using Evaluator = lt::Trainer<Net, lt::Loaders<Loader, Loader>, Strategy>;
template <class Strategy>
using Trainer = lt::Trainer<Net, lt::Loaders<Loader>, Strategy>;

inline double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace test
