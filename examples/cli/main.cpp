// SPDX-License-Identifier: Apache-2.0
// examples/digits as a program with flags and configuration files: two models, two strategies and
// two precisions to choose from, callbacks and loggers as lists, optimizers beside the models' own.
// README.md shows what can be said to it.
#include "../digits/classifier.hpp"
#include "../digits/digits.hpp"
#include "mlp.hpp"

#include <lt/cli.hpp>
#include <lt/ddp.hpp>
#include <lt/precision.hpp>

int main(int argc, char** argv) {
  return lt::Cli<lt::choices<Classifier, Mlp>, Digits,
                 lt::choices<lt::strategy::SingleDevice, lt::strategy::Ddp>, lt::accelerator::Cpu,
                 lt::choices<lt::precision::F32, lt::precision::Bf16Mixed>,
                 lt::PartList<lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>,
                 lt::cli::optimizers<lt::optim::AdamW, lt::optim::SGD>>(
             {.defaults = "trainer: {max_epochs: 5, log_every_n_steps: 10}"})
      .run(argc, argv);
}
