// SPDX-License-Identifier: Apache-2.0
// The same in a model.
// expect-error: lt\[E418\] the model has a hook inside of the training step, .*; Fix: .*capture_safe
#include "policies.hpp"

struct CudaGraphed : Accelerator {
  static constexpr bool captures_step = true;
};
struct Model {
  double training_step(const Batch& batch, std::int64_t batch_idx);
  void on_before_backward(const double& loss);
};
struct SafeModel : Model {
  using capture_safe = lt::type_list<lt::hook::on_before_backward>;
};

#ifdef LT_MUST_FAIL
using Check = lt::capture_check<Model, CudaGraphed>;
#else
using Check = lt::capture_check<SafeModel, CudaGraphed>;
static_assert(lt::is_fine<lt::capture_check<Model, Accelerator>>);
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
