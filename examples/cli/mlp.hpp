// SPDX-License-Identifier: Apache-2.0
// A second model for the digits, to choose from.
#pragma once

#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <string>

/// Two linear layers. `hparams()` that may be written to lets `tune` set the learning rate.
///
/// Shapes: B images of a batch, H hidden units; input [B, 64], output [B, 10].
class Mlp : public lt::nn::Module {
 public:
  struct Options {
    std::int64_t hidden = 64;
    double lr = 1e-2;
  };

  explicit Mlp(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }
  Options& hparams() { return options_; }

  lt::Tensor forward(const lt::Tensor& images) { return output(hidden(images).relu()); }

  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    const lt::Tensor loss = loss_of(batch, forward(batch.data));
    log("train_loss", loss, {.prog_bar = true});
    return loss;
  }
  void validation_step(const lt::Example<>& batch, std::int64_t) { evaluate("val", batch); }
  void test_step(const lt::Example<>& batch, std::int64_t) { evaluate("test", batch); }

  lt::optim::AdamW configure_optimizers() {
    return lt::optim::AdamW(parameters(), {.lr = options_.lr});
  }

 private:
  static lt::Tensor loss_of(const lt::Example<>& batch, const lt::Tensor& logits) {
    return torch::nn::functional::cross_entropy(logits, batch.target);
  }
  void evaluate(const std::string& stage, const lt::Example<>& batch) {
    const lt::Tensor logits = forward(batch.data);  // [B, 10]
    log(stage + "_loss", loss_of(batch, logits));
    log(stage + "_acc", logits.argmax(1).eq(batch.target).to(torch::kFloat).mean());
  }

  Options options_;  // before the layers that use it
  torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(64, options_.hidden))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(options_.hidden, 10))};
};

LT_REFLECT(Mlp::Options, (hidden, "hidden units"), (lr, "learning rate"))
