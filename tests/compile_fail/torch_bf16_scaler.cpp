// SPDX-License-Identifier: Apache-2.0
// A loss scaler for a precision that needs none.
// expect-error: lt\[E412\] lt::precision::Bf16Mixed was given a loss scaler, .*; Fix: leave it out, or take lt::precision::F16Mixed
#include <lt/precision.hpp>

#ifdef LT_MUST_FAIL
using Mixed = lt::precision::Bf16Mixed;
#else
using Mixed = lt::precision::F16Mixed;
#endif

auto precision() {
  return Mixed(lt::optim::GradScalerOptions{.init_scale = 1024.0});
}
