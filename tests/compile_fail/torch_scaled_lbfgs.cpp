// SPDX-License-Identifier: Apache-2.0
// LBFGS, which evaluates its loss several times, under a precision that scales the loss.
// expect-error: lt\[E160\] configure_optimizers returns an optimizer that evaluates its loss several times .*Fix: take lt::precision::Bf16Mixed
#include "torch_model.hpp"

#include <lt/precision.hpp>

struct Model : SmallModel {
  lt::optim::LBFGS configure_optimizers();
};

#ifdef LT_MUST_FAIL
using Precision = lt::precision::F16Mixed;
#else
using Precision = lt::precision::Bf16Mixed;
#endif

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData, lt::strategy::SingleDevice, lt::accelerator::Cpu, Precision> trainer;
  trainer.fit(model, data);
}
