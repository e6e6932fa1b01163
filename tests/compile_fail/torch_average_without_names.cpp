// SPDX-License-Identifier: Apache-2.0
// An average of weights that have no names, so that no checkpoint could hold them.
// expect-error: lt\[E601\] averaging weights needs a model whose weights have names; Fix: derive the model from lt::nn::Module
#include "torch_model.hpp"

#include <lt/nn.hpp>

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
              lt::precision::F32, lt::EMAWeightAveraging>
      trainer;
  trainer.fit(model, data);
}
