// SPDX-License-Identifier: Apache-2.0
// A vector of optimizers with two schedules each.
// expect-error: lt\[E182\] configure_optimizers: in a vector each optimizer may have one schedule; Fix: return a pair of vectors
#include <lt/optim/lr_scheduler/step_lr.hpp>
#include <lt/optim/sgd.hpp>
#include <lt/trainer/optimizer_set.hpp>

#include <utility>
#include <vector>

using Schedule = lt::Schedule<lt::optim::StepLR>;
#ifdef LT_MUST_FAIL
using Optimizer = lt::Optimizers<lt::optim::SGD, Schedule, Schedule>;
#else
using Optimizer = lt::Optimizers<lt::optim::SGD, Schedule>;
#endif

// What a trainer makes of its model's configure_optimizers().
auto optimizers(std::vector<Optimizer> configured) {
  return lt::make_optimizer_set(std::move(configured));
}
