// SPDX-License-Identifier: Apache-2.0
// Stochastic weight averaging, which looks for layers, of a model that has none.
// expect-error: lt\[E618\] StochasticWeightAveraging needs a model that is a torch::nn::Module; Fix: derive it from lt::nn::Module
#include "torch_model.hpp"

#include <lt/nn.hpp>
#include <lt/policies/callback/stochastic_weight_averaging.hpp>

#ifdef LT_MUST_FAIL
using Base = lt::Module;
#else
using Base = lt::nn::Module;
#endif

struct Model : Base {
  lt::Tensor training_step(const lt::Tensor& batch, std::int64_t batch_idx);
  lt::optim::SGD configure_optimizers();
};

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData, lt::strategy::SingleDevice, lt::accelerator::Cpu,
              lt::precision::F32, lt::StochasticWeightAveraging>
      trainer{{}, lt::StochasticWeightAveraging{{.swa_lrs = {0.1}}}};
  trainer.fit(model, data);
}
