// SPDX-License-Identifier: Apache-2.0
// A slip of the finger in the name of a hook.
// expect-error: lt\[E102\] 'on_train_batch_strat' is not a hook; did you mean 'on_train_batch_start'\?
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  void on_train_batch_strat(lt::RunView& run, const Batch& batch, std::int64_t batch_idx);
};
#else
struct Callback {
  void on_train_batch_start(lt::RunView& run, const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
