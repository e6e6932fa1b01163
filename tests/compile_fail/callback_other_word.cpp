// SPDX-License-Identifier: Apache-2.0
// Another word for a hook.
// expect-error: lt\[E102\] 'on_val_epoch_begin' is not a hook; did you mean 'on_validation_epoch_start'\?
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  void on_val_epoch_begin(lt::RunView& run);
};
#else
struct Callback {
  void on_validation_epoch_start(lt::RunView& run);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
