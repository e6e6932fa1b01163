// SPDX-License-Identifier: Apache-2.0
// A hook of a model with other arguments than it gets.
// expect-error: lt\[E106\] the hook 'on_train_batch_start' is declared, but lt cannot call it; Fix: write it as a public member on_train_batch_start\(const Batch& batch, std::int64_t batch_idx\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  int on_train_batch_start(std::int64_t batch_idx);
};
#else
struct Model {
  int on_train_batch_start(const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::model_check<Model, Types>>();
}
