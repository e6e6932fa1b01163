// SPDX-License-Identifier: Apache-2.0
// A final class cannot be derived from, so its hooks cannot be found.
// expect-error: lt\[E103\] a final class cannot be searched for hooks; Fix: remove 'final' from it
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback final {
  void on_fit_end(lt::RunView& run);
};
#else
struct Callback {
  void on_fit_end(lt::RunView& run);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
