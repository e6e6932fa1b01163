#pragma once

#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>

/// Two layers.
class Classifier : public lt::nn::Module {
 public:
  struct Options {
    std::int64_t hidden = 32;
    double lr = 1e-2;
  };

  explicit Classifier(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }
  Options& hparams() { return options_; }

  lt::Tensor forward(const lt::Tensor& points) { return output(hidden(points).relu()); }

  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    const lt::Tensor loss = torch::nn::functional::cross_entropy(forward(batch.data), batch.target);
    log("train_loss", loss, {.prog_bar = true});
    return loss;
  }
  void validation_step(const lt::Example<>& batch, std::int64_t) {
    const lt::Tensor scores = forward(batch.data);  // [B, 2]
    log("val_loss", torch::nn::functional::cross_entropy(scores, batch.target));
    log("val_acc", scores.argmax(1).eq(batch.target).to(at::kFloat).mean(), {.prog_bar = true});
  }

  lt::optim::AdamW configure_optimizers() {
    return lt::optim::AdamW(parameters(), {.lr = options_.lr});
  }

 private:
  Options options_;  // before the layers that use it
  torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(2, options_.hidden))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(options_.hidden, 2))};
};

LT_REFLECT(Classifier::Options, (hidden, "width of the hidden layer"), (lr, "learning rate"))
