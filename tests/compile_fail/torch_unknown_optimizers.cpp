// SPDX-License-Identifier: Apache-2.0
// configure_optimizers returns something that is no optimizer.
// expect-error: lt\[E183\] configure_optimizers returns a type that is not understood; Fix: return an optimizer
#include "torch_model.hpp"

struct Model : SmallModel {
#ifdef LT_MUST_FAIL
  double configure_optimizers();
#else
  lt::optim::SGD configure_optimizers();
#endif
};

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData> trainer;
  trainer.fit(model, data);
}
