// SPDX-License-Identifier: Apache-2.0
// Model and data module both offer the training loader, of different types.
// expect-error: lt\[E115\] model and data module offer loaders of different types
#include "torch_model.hpp"

#include <list>
#include <vector>

struct Data {
  std::vector<lt::Tensor> train_dataloader();
};

struct Model : SmallModel {
  lt::optim::SGD configure_optimizers();
#ifdef LT_MUST_FAIL
  std::list<lt::Tensor> train_dataloader();
#else
  std::vector<lt::Tensor> train_dataloader();
#endif
};

void run(Model& model, Data& data) {
  lt::Trainer<Model, Data> trainer;
  trainer.fit(model, data);
}
