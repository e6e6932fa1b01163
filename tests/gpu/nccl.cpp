// SPDX-License-Identifier: Apache-2.0
// Two ranks on two devices over NCCL.
#include "checks.hpp"
#include "models.hpp"

#include <lt/cuda.hpp>
#include <lt/nccl.hpp>

#include <iostream>
#include <vector>

namespace gpu {
namespace {

using lt::accelerator::Cuda;
using Ddp = lt::strategy::DdpOn<lt::backend::Nccl>;
static_assert(lt::Compatible<Ddp, Cuda, lt::precision::F32>);
static_assert(!lt::Compatible<Ddp, lt::accelerator::Cpu, lt::precision::F32>);
static_assert(!lt::Compatible<lt::strategy::Ddp, Cuda, lt::precision::F32>);

// Each of two ranks has half of every batch; together they make the steps of one with all of it.
int train() {
  torch::manual_seed(1);
  Net net;
  torch::manual_seed(1);
  Net alone;
  Data data(loader(20, 32));
  Trainer<Cuda, lt::precision::F32, Ddp> trainer(quiet());
  trainer.fit(net, data);
  const at::Tensor own = net.last->weight.detach();
  alone.to(own.device());
  Loader whole = loader(10, 64);
  by_hand(alone, whole, own.device());
  const auto farthest = [](const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
  };
  const double of_ranks = farthest(trainer.strategy().broadcast(own, 0), own);
  const double of_one = farthest(alone.last->weight.detach(), own);
  std::cout << "   " << trainer.global_step() << " steps on device " << own.device()
            << "; farthest from rank zero's weights: " << of_ranks
            << ", from those of one process: " << of_one << std::endl;
  return trainer.global_step() == 10 && of_ranks == 0.0 && of_one < 1e-4 ? 0 : 1;
}

bool ddp() {
  return lt::launch(2, train) == 0;
}

}  // namespace

std::vector<Check> nccl_checks() {
  return {{"nccl", "two ranks on two devices keep the same weights", 2, ddp}};
}

}  // namespace gpu
