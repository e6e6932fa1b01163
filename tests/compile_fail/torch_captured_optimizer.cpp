// SPDX-License-Identifier: Apache-2.0
// A captured step with an optimizer that asks the host.
// expect-error: lt\[E892\] CudaGraphed needs an optimizer whose steps ask the host nothing; Fix: take lt::optim::AdamW
#include "../torch/accelerators/fake_layer.hpp"
#include "torch_model.hpp"

#include <lt/nn.hpp>
#include <lt/policies/accelerator/cuda.hpp>

#ifdef LT_MUST_FAIL
using Optimizer = lt::optim::RMSprop;
#else
using Optimizer = lt::optim::Adam;
#endif

struct Model : lt::nn::Module {
  lt::Tensor training_step(const lt::Tensor& batch, std::int64_t batch_idx);
  Optimizer configure_optimizers();
};

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData, lt::strategy::SingleDevice,
              lt::accelerator::CudaGraphedOn<test::FakeLayer>>
      trainer;
  trainer.fit(model, data);
}
