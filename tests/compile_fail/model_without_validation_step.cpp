// SPDX-License-Identifier: Apache-2.0
// validate needs a validation step.
// expect-error: lt\[E114\] the model has no validation_step, which this call needs; Fix: add the member validation_step\(
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  void on_validation_start();
};
#else
struct Model {
  void validation_step(const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::required_check<Model, lt::hook::validation_step>>();
}
