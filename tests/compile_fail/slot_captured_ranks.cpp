// SPDX-License-Identifier: Apache-2.0
// A captured step on several ranks.
// expect-error: lt\[E416\] CudaGraphed with a strategy of several ranks: .*; Fix: take lt::accelerator::Cuda
#include "policies.hpp"

struct Ddp : Strategy {
  static constexpr bool is_distributed = true;
};
struct CudaGraphed : Accelerator {
  static constexpr bool captures_step = true;
};

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Ddp, CudaGraphed, Precision>;
#else
using Check = lt::rule_check<Strategy, CudaGraphed, Precision>;
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
