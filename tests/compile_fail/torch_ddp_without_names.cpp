// SPDX-License-Identifier: Apache-2.0
// Several ranks, and a model whose parameters have no names.
// expect-error: lt\[E532\] Ddp needs a model whose parameters have names, .* Fix: derive the model from lt::nn::Module
#include "torch_model.hpp"

#include <lt/ddp.hpp>
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
  lt::Trainer<Model, SmallData, lt::strategy::Ddp> trainer;
  trainer.fit(model, data);
}
