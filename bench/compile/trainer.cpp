// SPDX-License-Identifier: Apache-2.0
// A unit as a user has it: a model of plain tensors, its data, a trainer with callbacks and a
// logger, fit and test.
#include <lt/lt.hpp>

#include <ATen/ops/randn_ops.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using Batch = lt::Example<>;

lt::Tensor random(std::vector<std::int64_t> sizes) {
  return at::_ops::randn::call(c10::fromIntArrayRefSlow(sizes), {}, {}, {}, {});
}

/// y = x W + b, fitted by least squares.
class Line : public lt::Module {
 public:
  Line() {
    weight_.requires_grad_();
    bias_.requires_grad_();
  }

  lt::Tensor training_step(const Batch& batch, std::int64_t) {
    lt::Tensor loss = error(batch);
    log("train_loss", loss, {.prog_bar = true});
    return loss;
  }
  void validation_step(const Batch& batch, std::int64_t) { log("val_loss", error(batch)); }
  void test_step(const Batch& batch, std::int64_t) { log("test_loss", error(batch)); }

  auto configure_optimizers() { return lt::optim::Adam({weight_, bias_}, {.lr = 1e-2}); }

  std::vector<std::pair<std::string, lt::Tensor>> named_parameters() const {
    return {{"weight", weight_}, {"bias", bias_}};
  }

 private:
  lt::Tensor error(const Batch& batch) const {
    return batch.data.matmul(weight_).add(bias_).sub(batch.target).square().mean();
  }

  lt::Tensor weight_ = random({8, 1});
  lt::Tensor bias_ = random({1});
};

auto loader(std::int64_t points, bool shuffle) {
  return lt::DataLoader(lt::TensorDataset(random({points, 8}), random({points, 1})),
                        {.batch_size = 16, .shuffle = shuffle});
}

/// Three loaders over random points.
class Points {
 public:
  auto train_dataloader() { return loader(64, true); }
  auto val_dataloader() { return loader(16, false); }
  auto test_dataloader() { return loader(16, false); }
};

}  // namespace

int main() {
  Line model;
  Points data;
  lt::Trainer<Line, Points, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>
      trainer{{.max_epochs = 2},
              lt::EarlyStopping{{.monitor = "val_loss"}},
              lt::ModelCheckpoint{{.monitor = "val_loss"}},
              lt::CsvLogger{}};
  trainer.fit(model, data);
  trainer.test(model, data);
}
