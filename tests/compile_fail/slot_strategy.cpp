// SPDX-License-Identifier: Apache-2.0
// Something else in the strategy slot.
// expect-error: lt\[E401\] the strategy slot holds something else; .*; Fix:
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Accelerator, Accelerator, Precision>;
#else
using Check = lt::rule_check<Strategy, Accelerator, Precision>;
#endif

// The gate gives the error; the stub behind it takes any use without another.
struct Body {
  void fit(int epochs);
};
struct Stub {
  void fit(auto&&... whatever);
};
struct Trainer : lt::gate<Check, Body, Stub> {};
void use(Trainer trainer) {
  trainer.fit(3);
}
