// SPDX-License-Identifier: Apache-2.0
// A small network for the digits.
#pragma once

#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/nn/functional/loss.h>
#include <torch/nn/functional/pooling.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <string>

/// Two convolutions and a linear layer, cross entropy, AdamW.
///
/// Shapes: B images of a batch, C channels; input [B, 64], output [B, 10].
class Classifier : public lt::nn::Module {
 public:
  struct Options {
    std::int64_t channels = 32;
    double lr = 3e-3;
  };

  explicit Classifier(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }

  lt::Tensor forward(const lt::Tensor& images) {
    lt::Tensor x = images.view({-1, 1, 8, 8});
    x = conv1(x).relu();                                        // [B, C/2, 8, 8]
    x = torch::nn::functional::max_pool2d(conv2(x).relu(),
                                          torch::nn::MaxPool2dOptions(2));  // [B, C, 4, 4]
    return output(x.flatten(1));
  }

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
  static torch::nn::Conv2d conv(std::int64_t from, std::int64_t to) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(from, to, 3).padding(1));
  }
  static lt::Tensor loss_of(const lt::Example<>& batch, const lt::Tensor& logits) {
    return torch::nn::functional::cross_entropy(logits, batch.target);
  }
  void evaluate(const std::string& stage, const lt::Example<>& batch) {
    const lt::Tensor logits = forward(batch.data);  // [B, 10]
    log(stage + "_loss", loss_of(batch, logits), {.prog_bar = true});
    log(stage + "_acc", logits.argmax(1).eq(batch.target).to(torch::kFloat).mean(),
        {.prog_bar = true});
  }

  Options options_;  // before the layers that use it
  torch::nn::Conv2d conv1{register_module("conv1", conv(1, options_.channels / 2))};
  torch::nn::Conv2d conv2{register_module("conv2", conv(options_.channels / 2, options_.channels))};
  torch::nn::Linear output{
      register_module("output", torch::nn::Linear(options_.channels * 4 * 4, 10))};
};

LT_REFLECT(Classifier::Options, (channels, "channels of the second convolution"),
           (lr, "learning rate"))
