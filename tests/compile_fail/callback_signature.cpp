// SPDX-License-Identifier: Apache-2.0
// A hook that is declared with other arguments than it gets.
// expect-error: lt\[E101\] the callback hook 'on_train_batch_start' is declared, but lt cannot call it; Fix: write it as a public member void on_train_batch_start that takes the context \(auto& ctx or lt::RunView& run\) and then: \(const Batch& batch, std::int64_t batch_idx\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  void on_train_batch_start(lt::RunView& run, const Batch& batch);
};
#else
struct Callback {
  void on_train_batch_start(lt::RunView& run, const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
