// SPDX-License-Identifier: Apache-2.0
// A removed name of a hook.
// expect-error: lt\[E102\] 'training_epoch_end' is not a hook; did you mean 'on_train_epoch_end'\?
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  void training_epoch_end();
};
#else
struct Model {
  void on_train_epoch_end();
};
#endif

void use() {
  lt::report<lt::model_check<Model, Types>>();
}
