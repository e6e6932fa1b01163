// SPDX-License-Identifier: Apache-2.0
// float64 on a device that has none.
// expect-error: lt\[E414\] this precision computes in float64, which .*; Fix: take lt::precision::F32
#include "policies.hpp"

struct Mps : Accelerator {
  static constexpr bool has_float64 = false;
};
struct F64 : Precision {
  static constexpr bool metrics_in_double = true;
};

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, Mps, F64>;
#else
using Check = lt::rule_check<Strategy, Accelerator, F64>;
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
