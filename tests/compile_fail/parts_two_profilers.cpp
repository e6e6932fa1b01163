// SPDX-License-Identifier: Apache-2.0
// Roles that must be single.
// expect-error: lt\[E405\] two profilers among the parts; each would time the other; Fix: keep one
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, Accelerator, Precision, Profiler, Bar, Profiler>;
#else
using Check = lt::rule_check<Strategy, Accelerator, Precision, Profiler, Bar>;
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
