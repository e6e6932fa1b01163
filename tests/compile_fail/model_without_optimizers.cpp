// SPDX-License-Identifier: Apache-2.0
// fit needs optimizers.
// expect-error: lt\[E111\] the model has no configure_optimizers, which fit needs; Fix: add a member configure_optimizers\(\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  double training_step(const Batch& batch, std::int64_t batch_idx);
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
