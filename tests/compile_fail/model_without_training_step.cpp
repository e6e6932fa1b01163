// SPDX-License-Identifier: Apache-2.0
// fit needs a training step.
// expect-error: lt\[E110\] the model has no training_step, which fit needs; Fix: add a member training_step\(
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  int configure_optimizers();
};
#else
struct Model {
  double training_step(const Batch& batch, std::int64_t batch_idx);
  int configure_optimizers();
};
#endif

void use() {
  lt::report<lt::model_check_for_fit<Model, Types>>();
}
