// SPDX-License-Identifier: Apache-2.0
// An index that would be narrowed.
// expect-error: lt\[E113\] training_step takes an index as another type than std::int64_t, which narrows it; Fix: write std::int64_t, as in training_step\(
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  double training_step(const Batch& batch, int batch_idx);
};
#else
struct Model {
  double training_step(const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::model_check<Model, Types>>();
}
