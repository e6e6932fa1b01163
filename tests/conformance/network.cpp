// SPDX-License-Identifier: Apache-2.0
#include "network.hpp"

#include "errors.hpp"
#include "formulas.hpp"

#include <torch/torch.h>

namespace conformance {

Network::Network(torch::nn::Module& owner, const Json& spec)
    : kind_(spec.at("kind").get<std::string>()),
      activation_(spec.value("activation", std::string("relu"))) {
  const auto in = spec.at("in").get<std::int64_t>();
  const auto out = spec.at("out").get<std::int64_t>();
  const auto hidden = spec.value("hidden", std::int64_t{0});
  const auto linear = [&](const char* name, std::int64_t from, std::int64_t to) {
    return owner.register_module(name, torch::nn::Linear(from, to));
  };
  if (kind_ == "linear") {
    first_ = linear("net", in, out);
  } else if (kind_ == "manual") {
    first_ = linear("a", in, out);
    second_ = linear("b", in, out);
  } else if (kind_ == "backbone") {
    torch::nn::Sequential layers{torch::nn::Linear(in, hidden)};
    if (spec.value("batch_norm", false)) {
      layers->push_back(torch::nn::BatchNorm1d(hidden));
    }
    backbone_ = owner.register_module("backbone", layers);
    second_ = linear("head", hidden, out);
  } else if (kind_ == "mlp" || kind_ == "bn" || kind_ == "dropout") {
    first_ = linear("l1", in, hidden);
    if (kind_ == "bn") {
      bn_ = owner.register_module("bn", torch::nn::BatchNorm1d(hidden));
    } else if (kind_ == "dropout") {
      drop_ = owner.register_module("drop", torch::nn::Dropout(spec.at("p").get<double>()));
    }
    second_ = linear("l2", hidden, out);
  } else {
    throw Unsupported("model kind " + kind_);
  }
  fill_weights(owner);
}

lt::Tensor Network::activate(const lt::Tensor& x) const {
  return activation_ == "tanh" ? x.tanh() : activation_ == "none" ? x : x.relu();
}

lt::Tensor Network::forward(const lt::Tensor& x) {
  if (kind_ == "linear") {
    return first_->forward(x);
  }
  if (kind_ == "manual") {
    return a(x) + b(x);
  }
  if (kind_ == "backbone") {
    return second_->forward(activate(backbone_->forward(x)));
  }
  lt::Tensor h = first_->forward(x);
  if (!bn_.is_empty()) {
    h = bn_->forward(h);
  }
  h = activate(h);
  if (!drop_.is_empty()) {
    h = drop_->forward(h);
  }
  return second_->forward(h);
}

}  // namespace conformance
