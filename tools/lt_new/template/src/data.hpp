#pragma once

#include <lt/data.hpp>
#include <lt/lt.hpp>

#include <ATen/ATen.h>

#include <cstdint>

/// Points in a square, drawn from a seed; those in a circle are of class 1.
inline auto points_loader(std::int64_t samples, std::uint64_t seed, std::int64_t batch_size,
                          bool shuffle) {
  const auto generator = at::detail::createCPUGenerator(seed);
  const lt::Tensor points = at::rand({samples, 2}, generator) * 2 - 1;        // [N, 2]
  const lt::Tensor classes = points.square().sum(1).less(0.6).to(at::kLong);  // [N]
  return lt::DataLoader(lt::TensorDataset<lt::Example<>>(lt::Example<>{points, classes}),
                        {.batch_size = batch_size, .shuffle = shuffle});
}

class Points {
 public:
  struct Options {
    std::int64_t samples = 512;
    std::int64_t batch_size = 32;
  };

  explicit Points(Options options) : options_(options) {}
  const Options& hparams() const { return options_; }
  Options& hparams() { return options_; }

  auto train_dataloader() { return points_loader(options_.samples, 1, options_.batch_size, true); }
  auto val_dataloader() {
    return points_loader(options_.samples / 4, 2, options_.batch_size, false);
  }

 private:
  Options options_;
};

LT_REFLECT(Points::Options, (samples, "points to train with"), (batch_size, "points in a batch"))
