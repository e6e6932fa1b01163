// SPDX-License-Identifier: Apache-2.0
// Several optimizers in a tuple under automatic optimization.
// expect-error: lt\[E159\] configure_optimizers returns several optimizers, .*automatic_optimization = false
#include "torch_model.hpp"

struct Model : SmallModel {
#ifndef LT_MUST_FAIL
  static constexpr bool automatic_optimization = false;
#endif
  std::tuple<lt::optim::SGD, lt::optim::SGD> configure_optimizers();
};

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData> trainer;
  trainer.fit(model, data);
}
