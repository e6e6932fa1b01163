// SPDX-License-Identifier: Apache-2.0
// A loader whose batches the step cannot take.
// expect-error: lt\[E112\] training_step cannot take the batches of its loader, which yields another type than it expects; Fix: write it as a public member training_step\(const Batch& batch, std::int64_t batch_idx\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  double training_step(const double& batch, std::int64_t batch_idx);
};
#else
struct Model {
  double training_step(const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::model_check<Model, Types>>();
}
