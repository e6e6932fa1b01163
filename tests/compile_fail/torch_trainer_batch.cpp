// SPDX-License-Identifier: Apache-2.0
// A step that cannot take the batches of the loader, found by the trainer itself.
// expect-error: lt\[E112\] training_step cannot take the batches of its loader
#include "torch_model.hpp"

#include <string>

struct Model : SmallModel {
#ifdef LT_MUST_FAIL
  lt::Tensor training_step(const std::string& batch, std::int64_t batch_idx);
#else
  lt::Tensor training_step(const lt::Tensor& batch, std::int64_t batch_idx);
#endif
  lt::optim::SGD configure_optimizers();
};

void run(Model& model, SmallData& data) {
  lt::Trainer<Model, SmallData> trainer;
  trainer.fit(model, data);
}
