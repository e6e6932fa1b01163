// SPDX-License-Identifier: Apache-2.0
// The lt half of compare.py, which starts it with a launcher's variables, or alone:
//   bench_ddp one|two STEPS
// Prints "FIRST MICROSECONDS": the clock's seconds since 1970 at the end of the first step, and the
// median time of a step after the warm-up.
#include "../mlp.hpp"

#include <lt/ddp.hpp>

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t warm_up = 20;  // rank.py has the same

/// Takes the time at the begin of each step.
struct Moments {
  using Clock = std::chrono::steady_clock;
  static inline std::vector<Clock::time_point> begins;
  static inline double first = 0.0;
  static void at_step(std::int64_t batch_idx) {
    begins.push_back(Clock::now());
    if (batch_idx == 1) {
      first = std::chrono::duration<double>(
                  std::chrono::system_clock::now().time_since_epoch()).count();
    }
  }
  static double median_step() {
    std::vector<double> steps;
    for (std::size_t i = warm_up; i + 1 < begins.size(); ++i) {
      steps.push_back(
          std::chrono::duration<double, std::micro>(begins[i + 1] - begins[i]).count());
    }
    std::sort(steps.begin(), steps.end());
    return steps[steps.size() / 2];
  }
};

using Model = mlp::Network<lt::optim::Adam, Moments>;
using Data = lt::Loaders<std::vector<mlp::Batch>>;

template <class Strategy>
void train(std::int64_t steps) {
  Model model({784, 512, 512, 10});
  lt::Trainer<Model, Data, Strategy> trainer(mlp::bare_options());
  trainer.set_message_sink({});
  // Each rank has batches of its own: no sampler is needed.
  trainer.fit(model, mlp::make_batches(steps, 128, 784, 10));
  std::printf("%.6f %.3f\n", Moments::first, Moments::median_step());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "bench_ddp one|two STEPS\n";
    return 2;
  }
  try {
    at::set_num_threads(1);
    const std::int64_t steps = std::atoll(argv[2]);
    if (std::string(argv[1]) == "two") {
      train<lt::strategy::Ddp>(steps);
    } else {
      train<lt::strategy::SingleDevice>(steps);
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
