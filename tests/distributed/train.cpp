// SPDX-License-Identifier: Apache-2.0
// A job that test_jobs.py and test_faults.py start, in every way in which ranks can be started:
//   train [key=value]...
// Each rank prints "rank R of N: S steps, loss L, weights W", W in full precision.
#include <lt/data.hpp>
#include <lt/ddp.hpp>
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <torch/torch.h>

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

std::map<std::string, std::int64_t> numbers;  // what the arguments say
std::string folder;

std::int64_t number(const std::string& key, std::int64_t otherwise) {
  const auto found = numbers.find(key);
  return found == numbers.end() ? otherwise : found->second;
}

void sleep(std::int64_t milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

using Batch = lt::Example<>;

struct Net : lt::nn::Module {
  at::Tensor training_step(const Batch& batch, std::int64_t, lt::RunView& run) {
    const std::int64_t step = run.global_step();
    if (run.global_rank == 1) {
      const bool first = lt::environment::detect()->place.attempt == 0;
      if (step == number("die", -1) || (first && step == number("die-once", -1))) {
        ::raise(SIGKILL);
      }
      if (step == number("hang", -1)) {
        sleep(60000);
      }
      if (step == number("throw", -1)) {
        throw std::runtime_error("this rank's sensor is broken");
      }
    }
    sleep(number("pause", 0));
    const at::Tensor loss =
        torch::mse_loss(out(torch::dropout(torch::relu(in(batch.data)), 0.1, false)), batch.target);
    last = loss.item<double>();
    return loss;
  }
  lt::optim::AdamW configure_optimizers() { return lt::optim::AdamW(parameters(), {.lr = 0.01}); }

  torch::nn::Linear in{register_module("in", torch::nn::Linear(6, 16))};
  torch::nn::Linear out{register_module("out", torch::nn::Linear(16, 1))};
  double last = 0.0;
};

auto samples() {
  const at::Tensor x = torch::arange(6.0 * 80).sin().view({80, 6});
  return lt::StatefulDataLoader(lt::DataLoader(lt::TensorDataset<Batch>(Batch{x, x.sum(1, true)}),
                                               {.batch_size = 2, .shuffle = true}));
}

void train() {
  lt::seed_everything(1);
  Net model;
  auto data = samples();
  lt::TrainerOptions options{.max_epochs = number("epochs", 2),
                             .enable_checkpointing = !folder.empty(),
                             .enable_progress_bar = false,
                             .enable_model_summary = false,
                             .logger = false};
  lt::DdpOptions ddp{.timeout = static_cast<double>(number("timeout", 60))};
  if (numbers.contains("devices")) {
    ddp.devices = number("devices", 1);
  }
  lt::ModelCheckpoint checkpoints{{.dirpath = folder, .save_last = lt::SaveLast::yes,
                                   .every_n_train_steps = number("every", 3)}};
  if (numbers.contains("differ") && std::getenv("RANK") && std::string(std::getenv("RANK")) == "1") {
    options.max_epochs = 9;
  }
  // Checkpoints only where there is a folder for them.
  lt::PartList<lt::ModelCheckpoint> parts;
  if (!folder.empty()) {
    parts.add(std::move(checkpoints));
  }
  lt::Trainer<Net, lt::Loaders<decltype(data)>, lt::strategy::Ddp, lt::accelerator::Cpu,
              lt::precision::F32, lt::PartList<lt::ModelCheckpoint>>
      trainer(options, lt::strategy::Ddp(ddp), std::move(parts));
  trainer.fit(model, data, {.ckpt_path = folder.empty() ? "" : "last"});
  double sum = 0.0;
  for (const at::Tensor& parameter : model.parameters()) {
    sum += parameter.detach().to(torch::kDouble).square().sum().item<double>();
  }
  std::printf("rank %d of %d: %d steps, loss %.17g, weights %.17g\n",
              static_cast<int>(trainer.global_rank()), static_cast<int>(trainer.world_size()),
              static_cast<int>(trainer.global_step()), model.last, sum);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (argument.substr(0, equals) == "folder") {
      folder = argument.substr(equals + 1);
    } else {
      numbers[argument.substr(0, equals)] = std::stoll(argument.substr(equals + 1));
    }
  }
  if (numbers.contains("devices")) {  // no launcher of ours
    try {
      train();
      return 0;
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      return 1;
    }
  }
  return lt::launch(number("ranks", 2), train,
                    {.max_restarts = number("restarts", 0), .grace = std::chrono::milliseconds(500)});
}
