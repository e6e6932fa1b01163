// SPDX-License-Identifier: Apache-2.0
// examples/digits on several processes: another strategy in the trainer's type, and a launcher in
// main(). By itself it starts two ranks (or as many as its argument says); under torchrun, srun or
// mpirun it is one of theirs. Prints
//   [rank 0] ranks: 2
//   [rank 0] test accuracy: 0.9...
//   [rank 0] checkpoint: .../epoch=7-step=184.ckpt
#include "../digits/classifier.hpp"
#include "../digits/digits.hpp"

#include <lt/ddp.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace {

void train() {
  lt::seed_everything(42);
  Classifier model{{.channels = 32}};
  Digits data{{.batch_size = 16}};  // of each rank

  lt::Trainer<Classifier, Digits, lt::strategy::Ddp, lt::accelerator::Cpu, lt::precision::F32,
              lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>
      trainer{{.max_epochs = 8, .log_every_n_steps = 10},
              lt::EarlyStopping{{.monitor = "val_loss", .patience = 5}},
              lt::ModelCheckpoint{{.monitor = "val_loss", .save_last = lt::SaveLast::yes}},
              lt::CsvLogger{{.save_dir = "logs", .name = "ddp"}}};

  trainer.fit(model, data);
  const auto results = trainer.test(model, data, {.ckpt_path = "best"});

  if (trainer.is_global_zero()) {
    std::cout << "ranks: " << trainer.world_size() << '\n'
              << "test accuracy: " << results.at(0).find("test_acc").value() << '\n'
              << "checkpoint: " << trainer.get<lt::ModelCheckpoint>().best_model_path() << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::int64_t ranks = argc > 1 ? std::atoll(argv[1]) : 2;
    return lt::launch(ranks, train);
  } catch (const lt::Error& error) {
    std::cerr << "ddp: " << error.what() << '\n';
    return 2;
  }
}
