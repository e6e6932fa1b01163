// SPDX-License-Identifier: Apache-2.0
// Trains a classifier of handwritten digits. Its last lines name the accuracy on images that it has
// not seen, and the files that it wrote:
//   test accuracy: 0.97...
//   checkpoint: .../checkpoints/....ckpt
//   log: .../metrics.csv
#include "classifier.hpp"
#include "digits.hpp"

#include <iostream>

int main() {
  try {
    lt::seed_everything(42);
    Classifier model{{.channels = 32}};
    Digits data{{.batch_size = 32}};

    lt::Trainer<Classifier, Digits, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                lt::precision::F32, lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>
        trainer{{.max_epochs = 15, .log_every_n_steps = 10},
                lt::EarlyStopping{{.monitor = "val_loss", .patience = 5}},
                lt::ModelCheckpoint{{.monitor = "val_loss", .save_last = lt::SaveLast::yes}},
                lt::CsvLogger{{.save_dir = "logs", .name = "digits"}}};

    trainer.fit(model, data);
    const auto results = trainer.test(model, data, {.ckpt_path = "best"});

    std::cout << "test accuracy: " << results.at(0).find("test_acc").value() << '\n'
              << "checkpoint: " << trainer.get<lt::ModelCheckpoint>().best_model_path() << '\n'
              << "log: " << trainer.get<lt::CsvLogger>().log_dir().string() << "/metrics.csv\n";
    return 0;
  } catch (const lt::Error& error) {
    std::cerr << "digits: " << error.what() << '\n';
    return 1;
  }
}
