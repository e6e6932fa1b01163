// SPDX-License-Identifier: Apache-2.0
// A second accelerator among the parts.
// expect-error: lt\[E404\] a stranger among the parts: .*; Fix:
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, Accelerator, Precision, Profiler, Accelerator>;
#else
using Check = lt::rule_check<Strategy, Accelerator, Precision, Profiler>;
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
