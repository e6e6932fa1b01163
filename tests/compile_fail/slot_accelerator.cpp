// SPDX-License-Identifier: Apache-2.0
// Two slots exchanged.
// expect-error: lt\[E402\] the accelerator slot holds something else; .*; Fix:
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, Precision, Accelerator>;
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
