// SPDX-License-Identifier: Apache-2.0
// A callback that would do nothing.
// expect-error: lt\[E104\] the callback declares no hook at all, so it would do nothing; Fix:
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  void report_at_the_end(lt::RunView& run);
};
#else
struct Callback {
  void on_fit_end(lt::RunView& run);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
