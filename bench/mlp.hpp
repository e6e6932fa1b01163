// SPDX-License-Identifier: Apache-2.0
// A multi-layer perceptron and the same training of it twice: by lt::Trainer and by hand. For the
// benchmarks here and the counts of tests/hot_loop.
#pragma once

#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mlp {

using Batch = lt::Example<>;

/// What a network does at its steps beside computing; a probe replaces it.
struct NoProbe {
  static void at_step(std::int64_t) {}
};

/// Linear layers with relu between them, cross entropy.
///
/// Shapes: input [B, widths.front()], output [B, widths.back()].
template <class Optimizer, class Probe = NoProbe, bool Logs = false>
class Network : public lt::nn::Module {
 public:
  explicit Network(const std::vector<std::int64_t>& widths) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      layers_.push_back(register_module("layer" + std::to_string(i),
                                        torch::nn::Linear(widths[i], widths[i + 1])));
    }
  }

  lt::Tensor training_step(const Batch& batch, std::int64_t batch_idx) {
    Probe::at_step(batch_idx);
    lt::Tensor x = batch.data;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      x = i == 0 ? layers_[i](x) : layers_[i](x.relu());
    }
    lt::Tensor loss = torch::nn::functional::cross_entropy(x, batch.target);
    if constexpr (Logs) {
      log("train_loss", loss);
    }
    return loss;
  }

  Optimizer configure_optimizers() { return Optimizer(parameters(), {.lr = 1e-3}); }

 private:
  std::vector<torch::nn::Linear> layers_;
};

/// `count` batches in memory; there are 16 different ones.
inline std::vector<Batch> make_batches(std::int64_t count, std::int64_t batch_size,
                                       std::int64_t inputs, std::int64_t classes) {
  std::vector<Batch> batches;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i < 16) {
      batches.push_back({at::rand({batch_size, inputs}),
                         at::randint(classes, {batch_size}, at::kLong)});
    } else {
      batches.push_back(batches[static_cast<std::size_t>(i) % 16]);
    }
  }
  return batches;
}

/// One pass over the batches, as people write it on LibTorch.
template <class Model>
void train_by_hand(Model& model, const std::vector<Batch>& batches) {
  auto optimizer = model.configure_optimizers();
  std::int64_t batch_idx = 0;
  for (const Batch& batch : batches) {
    const lt::Tensor loss = model.training_step(batch, batch_idx++);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

/// The same pass by a trainer with `parts`.
template <class Model, class... Parts>
void train_by_lt(Model& model, std::vector<Batch> batches, lt::TrainerOptions options,
                 Parts... parts) {
  auto trainer = lt::make_trainer<Model, lt::Loaders<std::vector<Batch>>>(std::move(options),
                                                                         std::move(parts)...);
  trainer.set_message_sink({});
  trainer.fit(model, std::move(batches));
}

/// Options with which a trainer does nothing that the hand-written loop does not do.
inline lt::TrainerOptions bare_options() {
  return {.max_epochs = 1, .barebones = true};
}
/// The same with `log` at work, but no logger.
inline lt::TrainerOptions logging_options() {
  lt::TrainerOptions options{.max_epochs = 1};
  options.logger = false;
  options.enable_checkpointing = false;
  options.enable_progress_bar = false;
  options.enable_model_summary = false;
  return options;
}

}  // namespace mlp
