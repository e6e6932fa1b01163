// SPDX-License-Identifier: Apache-2.0
// The C++ half of test_ddp.py, which has the same model and data: one rank, or a process alone.
//   interop_ddp fabric|trainer STEPS BATCH_SIZE
// Prints {"losses": [...], "weights": [...]}; with the trainer no losses. Leaves the others at the
// end of its input.
#include <lt/data.hpp>
#include <lt/ddp.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using Batch = lt::Example<>;
constexpr std::int64_t count = 64;

struct Net : lt::nn::Module {
  Net() {
    const c10::NoGradGuard no_grad;
    double phase = 0.0;  // weights that Python can make too
    for (at::Tensor& parameter : parameters()) {
      parameter.copy_((torch::arange(static_cast<double>(parameter.numel())) + phase)
                          .sin()
                          .mul(0.5)
                          .view(parameter.sizes()));
      phase += 1.0;
    }
  }
  at::Tensor forward(const at::Tensor& x) { return out(torch::relu(in(x))); }
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    return torch::mse_loss(forward(batch.data), batch.target);
  }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = 0.01, .momentum = 0.9});
  }

  torch::nn::Linear in{register_module("in", torch::nn::Linear(6, 16))};
  torch::nn::Linear out{register_module("out", torch::nn::Linear(16, 1))};
};

Batch samples() {
  const at::Tensor x = torch::arange(6.0 * count).sin().view({count, 6});
  return {x, x.sum(1, true).sin()};
}

// Of each rank: its share of an order that all have.
auto share(std::int64_t rank, std::int64_t ranks, std::int64_t batch_size) {
  return lt::DataLoader(lt::TensorDataset<Batch>(samples()), {.batch_size = batch_size})
      .with_sampler(lt::DistributedSampler({.num_replicas = ranks, .rank = rank}));
}

nlohmann::json weights_of(const Net& net) {
  nlohmann::json weights = nlohmann::json::array();
  for (const at::Tensor& parameter : net.parameters()) {
    const at::Tensor flat = parameter.detach().flatten();
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      weights.push_back(flat[i].item<float>());
    }
  }
  return weights;
}

void by_fabric(std::int64_t steps, std::int64_t batch_size) {
  lt::Fabric<lt::strategy::Ddp> fabric;
  fabric.launch();
  Net net;
  auto sgd = net.configure_optimizers();
  auto [module, optimizer] = fabric.setup(net, sgd);
  auto data = share(fabric.global_rank(), fabric.world_size(), batch_size);
  auto loader = fabric.setup_dataloaders(data);
  std::vector<double> losses;
  while (static_cast<std::int64_t>(losses.size()) < steps) {
    for (const Batch& batch : loader) {
      const at::Tensor loss = torch::mse_loss(module(batch.data), batch.target);
      optimizer.zero_grad();
      fabric.backward(loss);
      optimizer.step();
      losses.push_back(loss.item<double>());
      if (static_cast<std::int64_t>(losses.size()) == steps) {
        break;
      }
    }
  }
  fabric.barrier();
  std::cout << nlohmann::json{{"losses", losses}, {"weights", weights_of(net)}} << std::endl;
  std::cin.get();  // Python's ranks may abort when others have left before them
  fabric.teardown();
}

void by_trainer(std::int64_t steps, std::int64_t batch_size) {
  Net net;
  auto data = lt::DataLoader(lt::TensorDataset<Batch>(samples()),
                             {.batch_size = batch_size, .shuffle = true});
  lt::Trainer<Net, lt::Loaders<decltype(data)>, lt::strategy::Ddp> trainer(
      {.max_epochs = -1,
       .max_steps = steps,
       .enable_checkpointing = false,
       .enable_progress_bar = false,
       .enable_model_summary = false,
       .logger = false});
  trainer.set_message_sink({});
  trainer.fit(net, data);
  std::cout << nlohmann::json{{"weights", weights_of(net)}} << std::endl;
}

}  // namespace

int main(int, char** argv) {
  try {
    const std::int64_t steps = std::atoll(argv[2]);
    const std::int64_t batch_size = std::atoll(argv[3]);
    if (std::string(argv[1]) == "fabric") {
      by_fabric(steps, batch_size);
    } else {
      by_trainer(steps, batch_size);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
