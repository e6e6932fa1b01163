// SPDX-License-Identifier: Apache-2.0
// What would 1,024 ranks send? One process acts as one of them: it trains a few steps on its share of
// the data, exchanges nothing, and writes down what it would have. Prints
//   rank 5 of 1024: 3 of 3 steps, 768 samples of 786432
//   buckets: 1 in the first step, 2 from then on
//     bucket 0: 1.1 MB in 4 gradients
//     bucket 1: 1.6 MB in 2 gradients
//   in one step: 2 x all_reduce, 2.7 MB
//   memory of the rank: 2.7 MB parameters, 2.7 MB gradients, 2.7 MB buckets, 5.4 MB optimizer (Adam)
#include <lt/data.hpp>
#include <lt/ddp.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <ATen/ops/zeros.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

/// A classifier of 28 x 28 images. Shapes: data [B, 784], target [B].
struct Mlp : lt::nn::Module {
  lt::Tensor training_step(const lt::Example<>& batch, std::int64_t) {
    const lt::Tensor x = second(first(batch.data).relu()).relu();
    return torch::nn::functional::cross_entropy(third(x), batch.target);
  }
  lt::optim::Adam configure_optimizers() { return lt::optim::Adam(parameters(), {.lr = 1e-3}); }

  torch::nn::Linear first{register_module("first", torch::nn::Linear(784, 512))};
  torch::nn::Linear second{register_module("second", torch::nn::Linear(512, 512))};
  torch::nn::Linear third{register_module("third", torch::nn::Linear(512, 10))};
};

/// Blank images, made when they are asked for.
struct Images {
  std::int64_t count;
  std::int64_t size() const { return count; }
  lt::Example<> get(std::int64_t) const {
    return {at::zeros({784}), at::zeros({}, at::kLong)};
  }
};

std::string megabytes(double bytes) {
  std::ostringstream out;
  const bool small = bytes < 1e6;
  out << std::fixed << std::setprecision(1) << bytes / (small ? 1e3 : 1e6) << (small ? " kB" : " MB");
  return out.str();
}

using Dry = lt::strategy::DdpOn<lt::backend::Dry>;

/// Looks into the exchange at the end of each step.
struct Watch {
  std::vector<std::vector<std::pair<std::int64_t, std::size_t>>> buckets;  // by step: bytes, tensors
  std::vector<std::size_t> calls;                                          // made so far

  template <class Context, class Output, class Batch>
  void on_train_batch_end(Context& ctx, const Output&, const Batch&, std::int64_t) {
    auto& strategy = ctx.fabric().strategy();
    auto& step = buckets.emplace_back();
    for (const c10d::GradBucket& bucket : strategy.reducer()->buckets()) {
      step.emplace_back(bucket.getBuffer().nbytes(), bucket.getParameters().size());
    }
    calls.push_back(recorded(strategy).size());
  }
  static std::vector<lt::backend::DryCall> recorded(Dry& strategy) {
    const auto backend = strategy.group().handle()->getBackend(c10::kCPU);
    return dynamic_cast<const lt::backend::DryBackend&>(*backend).calls();
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t ranks = argc > 1 ? std::atoll(argv[1]) : 1024;
  constexpr std::int64_t batch = 256;
  constexpr std::int64_t steps = 3;
  Mlp model;
  auto data = lt::DataLoader(Images{ranks * batch * steps}, {.batch_size = batch});
  Dry strategy;
  strategy.set_place({.world_size = ranks, .global_rank = ranks > 5 ? 5 : 0});
  lt::Trainer<Mlp, lt::Loaders<decltype(data)>, Dry, lt::accelerator::Cpu, lt::precision::F32, Watch>
      trainer{{.max_epochs = 1,
               .enable_checkpointing = false,
               .enable_progress_bar = false,
               .enable_model_summary = false,
               .logger = false},
              std::move(strategy)};
  trainer.set_message_sink({});
  trainer.fit(model, data);

  const Watch& watch = trainer.get<Watch>();
  std::cout << "rank " << trainer.global_rank() << " of " << ranks << ": " << trainer.global_step()
            << " of " << steps << " steps, " << batch * steps << " samples of "
            << ranks * batch * steps << "\nbuckets: " << watch.buckets.front().size()
            << " in the first step, " << watch.buckets.back().size() << " from then on\n";
  double in_buckets = 0.0;
  for (std::size_t i = 0; i < watch.buckets.back().size(); ++i) {
    const auto& [bytes, tensors] = watch.buckets.back()[i];
    in_buckets += static_cast<double>(bytes);
    std::cout << "  bucket " << i << ": " << megabytes(static_cast<double>(bytes)) << " in "
              << tensors << " gradients\n";
  }
  std::map<std::string, std::pair<int, double>> sent;
  const auto calls = Watch::recorded(trainer.strategy());
  for (std::size_t i = watch.calls[watch.calls.size() - 2]; i < watch.calls.back(); ++i) {
    sent[calls[i].operation].first += 1;
    sent[calls[i].operation].second += static_cast<double>(calls[i].bytes);
  }
  std::cout << "in one step:";
  for (const auto& [operation, total] : sent) {
    std::cout << ' ' << total.first << " x " << operation << ", " << megabytes(total.second);
  }
  double parameters = 0.0;
  for (const lt::Tensor& parameter : model.parameters()) {
    parameters += static_cast<double>(parameter.nbytes());
  }
  std::cout << "\nmemory of the rank: " << megabytes(parameters) << " parameters, "
            << megabytes(parameters) << " gradients, " << megabytes(in_buckets) << " buckets, "
            << megabytes(2 * parameters) << " optimizer (Adam)\n";
}
