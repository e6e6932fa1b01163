#pragma once

#include <cstdint>
#include <string>

/// What a training came to.
struct Report {
  std::int64_t epochs = 0;
  double accuracy = 0.0;   // on the validation data, 0 to 1
  std::string checkpoint;  // empty when none was kept
};

/// Trains the classifier; with `quiet` without files and without a progress bar.
Report train(std::int64_t epochs, bool quiet = false);
