// SPDX-License-Identifier: Apache-2.0
// A hook that is not public.
// expect-error: lt\[E101\] the callback hook 'on_fit_end' is declared, but lt cannot call it
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
 private:
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
