// SPDX-License-Identifier: Apache-2.0
// Layers to be frozen of a model that has no layers.
// expect-error: lt\[E620\] finetuning needs a model that is a torch::nn::Module; Fix: derive it from lt::nn::Module
#include <lt/policies/callback/finetuning.hpp>

#include <torch/nn/module.h>

#include <cstdint>

#ifdef LT_MUST_FAIL
struct Model {};
#else
struct Model : torch::nn::Module {};
#endif

struct Freeze : lt::BaseFinetuning<Freeze> {
  void freeze_before_training(Model& model);
  void finetune_function(auto& ctx, std::int64_t epoch, auto& optimizer);
};

struct Context {
  Model& model();
};

void run(Freeze& freeze, Context& ctx, lt::RunFn fn) {
  freeze.setup(ctx, fn);
}
