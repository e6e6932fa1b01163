// SPDX-License-Identifier: Apache-2.0
// Checks on one device, against the CPU or a loop written by hand.
#include "checks.hpp"
#include "models.hpp"

#include <lt/cuda.hpp>
#include <lt/precision.hpp>

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace gpu {

int device_count() {
  return static_cast<int>(lt::accelerator::Cuda::device_count());
}
std::string why_unavailable() {
  return lt::accelerator::Cuda::why_unavailable();
}

namespace {

using lt::accelerator::Cpu;
using lt::accelerator::Cuda;
using lt::accelerator::CudaGraphed;

// The losses of a training from one seed.
template <class T>
std::vector<double> losses(T&& trainer, bool fused = false) {
  torch::manual_seed(1);
  Net net(256, fused);
  Data data(loader(40, 64));
  trainer.set_message_sink({});
  trainer.fit(net, data);
  return net.losses;
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() && !a.empty() ? 0.0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]) / std::abs(b[i]));
  }
  return most;
}

bool numerics() {
  const double apart = farthest(losses(Trainer<Cuda>(quiet(), Cuda({.allow_tf32 = false}))),
                                losses(Trainer<Cpu>(quiet())));
  std::cout << "   40 losses, the farthest apart relative to the CPU's: " << apart << '\n';
  return apart < 1e-3;
}

bool graph() {
  const double apart = farthest(losses(Trainer<CudaGraphed>(quiet(2)), /*fused=*/true),
                                losses(Trainer<Cuda>(quiet(2)), /*fused=*/true));
  std::cout << "   80 losses, 76 of them from replays, against steps one by one: " << apart << '\n';
  const double scaled =
      farthest(losses(Trainer<CudaGraphed, lt::precision::F16Mixed>(quiet(2)), /*fused=*/true),
               losses(Trainer<Cuda, lt::precision::F16Mixed>(quiet(2)), /*fused=*/true));
  std::cout << "   the same under 16-mixed: " << scaled << '\n';
  return apart < 1e-5 && scaled < 1e-2;
}

bool scaler() {
  Trainer<Cuda, lt::precision::F16Mixed> trainer(quiet());
  const double apart = farthest(losses(trainer), losses(Trainer<Cuda>(quiet())));
  std::cout << "   40 losses, 16-mixed against float32: " << apart << '\n';
  // A factor so large that gradients overflow: steps are left out, the factor shrinks.
  Trainer<Cuda, lt::precision::F16Mixed> high(
      quiet(), lt::precision::F16Mixed({.init_scale = std::ldexp(1.0, 40)}));
  losses(high);
  const double factor = high.engine().fabric().precision().scaler().get_scale();
  std::cout << "   the factor went from 2^40 to 2^" << std::log2(factor) << '\n';
  return apart < 0.05 && factor < std::ldexp(1.0, 40);
}

bool prefetch() {
  lt::Fabric<lt::strategy::SingleDevice, Cuda> fabric;
  fabric.launch();
  const at::Tensor weights = at::rand({4096, 4096}).to(fabric.device());
  std::vector<at::Tensor> batches(30, at::rand({4096, 4096}));
  const auto work = [&](const at::Tensor& batch) { batch.matmul(weights).matmul(weights); };
  const auto pass = [&](auto&& each) {
    for (const at::Tensor& batch : batches) {
      each(batch);
    }
    fabric.accelerator().synchronize();
  };
  const at::Tensor there = batches[0].to(fabric.device());
  pass([&](const at::Tensor&) { work(there); });  // warms up
  const double computing = seconds([&] { pass([&](const at::Tensor&) { work(there); }); });
  const double waiting = seconds([&] {
    pass([&](const at::Tensor& batch) {
      work(batch.to(fabric.device()));
      fabric.accelerator().synchronize();
    });
  });
  const double ahead = seconds([&] {
    auto loader = fabric.setup_dataloaders(batches);
    for (const at::Tensor& batch : loader) {
      work(batch);
    }
    fabric.accelerator().synchronize();
  });
  std::cout << "   30 batches of 64 MiB: computing alone " << computing
            << " s, copy and compute in "
            << "turn " << waiting << " s, with batches ahead " << ahead << " s\n";
  fabric.teardown();
  return ahead < waiting;
}

bool memory() {
  Cuda cuda;
  cuda.setup();
  const auto peak = [&](auto&& run) {
    lt::cuda::Runtime::empty_cache();
    cuda.reset_peak_memory();
    run();
    cuda.synchronize();
    return cuda.memory().peak_allocated;
  };
  Net mine(2048);
  mine.keeps_losses = false;
  Data data(loader(20, 4096));
  const auto of_lt = peak([&] { Trainer<Cuda>(quiet()).fit(mine, data); });
  mine.to(c10::Device(c10::kCPU));
  Net plain(2048);
  Loader batches = loader(20, 4096);
  const auto of_hand = peak([&] {
    plain.to(cuda.device());
    by_hand(plain, batches, cuda.device());
  });
  std::cout << "   peak of allocated memory: lt " << of_lt << ", by hand " << of_hand << " bytes\n";
  // Batches that are ahead of the work are all that lt may have more of.
  return of_lt <= of_hand + 3 * 4096 * (64 * 4 + 8) + (1 << 20);
}

bool speed() {
  constexpr double steps = 2000;
  Cuda cuda;
  cuda.setup();
  Net mine;
  mine.keeps_losses = false;
  Data data(loader(static_cast<std::int64_t>(steps), 64));
  Trainer<Cuda> trainer(quiet());
  trainer.set_message_sink({});
  const double of_lt = steps / seconds([&] {
                         trainer.fit(mine, data);
                         cuda.synchronize();
                       });
  Net plain;
  plain.to(cuda.device());
  Loader batches = loader(static_cast<std::int64_t>(steps), 64);
  const double of_hand = steps / seconds([&] {
                           by_hand(plain, batches, cuda.device());
                           cuda.synchronize();
                         });
  Net fused(256, true);
  fused.keeps_losses = false;
  Trainer<CudaGraphed> graphed(quiet());
  graphed.set_message_sink({});
  const double of_graph = steps / seconds([&] {
                            graphed.fit(fused, data);
                            cuda.synchronize();
                          });
  std::cout << "   steps per second: lt " << of_lt << ", by hand " << of_hand
            << ", lt with the step as one graph " << of_graph << '\n';
  return of_lt > 0.95 * of_hand;
}

bool checkpoints() {
  const auto file = std::filesystem::temp_directory_path() / "lt_gpu_checkpoint.ckpt";
  const auto goes_on = []<class From, class To>(From&& from, To&& to, const auto& path) {
    Net net;
    Data data(loader(10, 64));
    from.fit(net, data);
    from.save_checkpoint(path);
    Net other;
    to.fit(other, data, {.ckpt_path = path.string()});
    return to.global_step() == 20 && std::isfinite(other.losses.back());
  };
  const bool to_host = goes_on(Trainer<Cuda>(quiet(1)), Trainer<Cpu>(quiet(2)), file);
  const bool to_device = goes_on(Trainer<Cpu>(quiet(1)), Trainer<Cuda>(quiet(2)), file);
  std::filesystem::remove(file);
  std::cout << "   written on the device, gone on with on the CPU: " << to_host
            << "; the other way round: " << to_device << '\n';
  return to_host && to_device;
}

}  // namespace

std::vector<Check> single_device_checks() {
  return {
      {"numerics", "a training on the device has the losses of the CPU", 1, numerics},
      {"graph", "steps as one CUDA graph have the losses of steps one by one", 1, graph},
      {"scaler", "16-mixed follows float32, and leaves out steps that overflow", 1, scaler},
      {"prefetch", "batches are copied while the device computes", 1, prefetch},
      {"memory", "the trainer's peak memory is that of a loop by hand", 1, memory},
      {"speed", "the trainer makes as many steps per second as a loop by hand", 1, speed},
      {"checkpoints", "a run goes on from one accelerator to the other", 1, checkpoints},
  };
}

}  // namespace gpu
