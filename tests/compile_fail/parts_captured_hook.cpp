// SPDX-License-Identifier: Apache-2.0
// A hook that may read a tensor's value inside of a captured step.
// expect-error: lt\[E417\] a part with a hook inside of the training step, .*; Fix: .*capture_safe
#include "policies.hpp"

struct CudaGraphed : Accelerator {
  static constexpr bool captures_step = true;
};
struct WatchesGradients {
  void on_after_backward(lt::RunView&);
  void on_train_batch_end(lt::RunView&);  // outside
};
struct ScalesGradients {
  using capture_safe = lt::type_list<lt::hook::on_after_backward>;
  void on_after_backward(lt::RunView&);
};

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, CudaGraphed, Precision, ScalesGradients, WatchesGradients>;
#else
using Check = lt::rule_check<Strategy, CudaGraphed, Precision, ScalesGradients>;
static_assert(lt::Compatible<Strategy, Accelerator, Precision, WatchesGradients>);
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
