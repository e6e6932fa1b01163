// SPDX-License-Identifier: Apache-2.0
// The UCI handwritten digits as a data module: 1,797 grey images of 8 x 8 pixels.
#pragma once

#include <lt/lt.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Reads the images of a file and splits them into training, validation and test images.
///
/// Shapes: a batch is {data: [B, 64] float between 0 and 1, target: [B] int64 between 0 and 9}.
class Digits {
 public:
  struct Options {
    std::string path = "examples/digits/data/digits.bin";
    std::int64_t batch_size = 32;
    std::int64_t split_seed = 42;
  };

  explicit Digits(Options options) : options_(std::move(options)) {}
  const Options& hparams() const { return options_; }

  /// Errors: lt::DataError when the file is missing, cut short, corrupt or empty, or holds a label
  /// out of range.
  void setup(lt::RunFn stage);

  auto train_dataloader() {
    return lt::DataLoader(parts_.at(0), {.batch_size = options_.batch_size, .shuffle = true});
  }
  auto val_dataloader() { return lt::DataLoader(parts_.at(1), {.batch_size = 256}); }
  auto test_dataloader() { return lt::DataLoader(parts_.at(2), {.batch_size = 256}); }

 private:
  using Images = lt::TensorDataset<lt::Example<>>;

  Options options_;
  std::vector<lt::Subset<Images>> parts_;  // training, validation, test
};

LT_REFLECT(Digits::Options, (path, "the file with the images"), (batch_size, "images per batch"),
           (split_seed, "seed of the split into training, validation and test images"))
