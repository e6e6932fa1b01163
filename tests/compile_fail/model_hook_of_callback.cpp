// SPDX-License-Identifier: Apache-2.0
// A hook that only callbacks get.
// expect-error: lt\[E105\] the hook 'on_sanity_check_start' .* \(callback\)
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Model {
  void on_sanity_check_start();
};
#else
struct Model {
  void on_fit_end();
};
#endif

void use() {
  lt::report<lt::model_check<Model, Types>>();
}
