// SPDX-License-Identifier: Apache-2.0
// A hook that only models get.
// expect-error: lt\[E105\] the hook 'training_step' is declared by a class that does not get it, so it would never run; Fix: move it to a class that does \(model\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  double training_step(const Batch& batch, std::int64_t batch_idx);
};
#else
struct Callback {
  void on_fit_end(lt::RunView& run);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
