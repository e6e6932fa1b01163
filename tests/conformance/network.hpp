// SPDX-License-Identifier: Apache-2.0
// The networks of a case (suite/README.md, "Model").
#pragma once

#include "values.hpp"

#include "lt/tensor.hpp"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>

#include <string>

namespace conformance {

class Network {
 public:
  /// Registers the layers with `owner` under the names of the schema, and fills the weights.
  Network(torch::nn::Module& owner, const Json& spec);

  lt::Tensor forward(const lt::Tensor& x);
  /// The two halves of kind `manual`.
  lt::Tensor a(const lt::Tensor& x) { return first_->forward(x); }
  lt::Tensor b(const lt::Tensor& x) { return second_->forward(x); }

 private:
  lt::Tensor activate(const lt::Tensor& x) const;

  std::string kind_;
  std::string activation_;
  torch::nn::Linear first_{nullptr};   // net, l1 or a
  torch::nn::Linear second_{nullptr};  // l2, head or b
  torch::nn::BatchNorm1d bn_{nullptr};
  torch::nn::Dropout drop_{nullptr};
  torch::nn::Sequential backbone_{nullptr};
};

}  // namespace conformance
