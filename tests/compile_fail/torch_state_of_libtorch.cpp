// SPDX-License-Identifier: Apache-2.0
// The state of an optimizer of LibTorch, without the header that can save it.
// expect-error: lt\[E226\] the state of a torch::optim optimizer .*Fix: include <lt/torch.hpp> instead of <lt/lt.hpp>
#ifdef LT_MUST_FAIL
#include <lt/checkpoint/optimizer_state.hpp>
#else
#include <lt/torch.hpp>
#endif

#include <torch/optim/sgd.h>

// What a trainer makes of an optimizer when it saves a checkpoint.
auto saved(const torch::optim::SGD& optimizer) {
  return lt::checkpoint::ConvertOptimizer<torch::optim::SGD>::to(optimizer);
}
