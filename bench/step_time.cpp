// SPDX-License-Identifier: Apache-2.0
// Time of a training step by lt::Trainer over that of a hand-written LibTorch loop with the same
// model, optimizer and batches. Both run in short turns, so that what else the machine does meets
// all, with a new model each, so that no place in memory favours one. A round is the medians of its
// turns; the ratio is the median over the rounds.
#include "mlp.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t rounds = 7;
constexpr std::size_t turns = 12;  // per round, of each loop
constexpr std::int64_t warm_up = 5;

/// Takes the time from the first step after the warm-up to the last one.
struct Stopwatch {
  using Clock = std::chrono::steady_clock;
  static inline std::int64_t last = 0;
  static inline Clock::time_point begin, end;
  static void at_step(std::int64_t batch_idx) {
    if (batch_idx == warm_up) {
      begin = Clock::now();
    } else if (batch_idx == last) {
      end = Clock::now();
    }
  }
  static double microseconds_per_step() {
    return std::chrono::duration<double, std::micro>(end - begin).count() /
           static_cast<double>(last - warm_up);
  }
};

struct Case {
  const char* name;
  std::vector<std::int64_t> widths;
  std::int64_t batch_size;
  std::int64_t steps;  // per turn
  double target;  // the ratio that is wanted at most
};

template <std::size_t N>
double median(std::array<double, N> values) {
  std::sort(values.begin(), values.end());
  return (values[(N - 1) / 2] + values[N / 2]) / 2;
}

template <class Optimizer>
void compare(const Case& c) {
  using Model = mlp::Network<Optimizer, Stopwatch>;
  const auto batches = mlp::make_batches(warm_up + c.steps + 1, c.batch_size, c.widths.front(),
                                         c.widths.back());
  Stopwatch::last = warm_up + c.steps;
  const auto by_hand = [&] {
    Model model(c.widths);
    mlp::train_by_hand(model, batches);
    return Stopwatch::microseconds_per_step();
  };
  const auto by_lt = [&] {
    Model model(c.widths);
    mlp::train_by_lt(model, batches, mlp::bare_options());
    return Stopwatch::microseconds_per_step();
  };

  // The hand-written loop runs twice: what the two differ by is the machine's noise.
  std::array<double, rounds> hand{}, lt{}, ratio{}, noise{};
  for (std::size_t i = 0; i < rounds; ++i) {
    std::array<double, turns> hand_turns{}, lt_turns{}, again_turns{};
    for (std::size_t turn = 0; turn < turns; ++turn) {
      // Each is first, second and third equally often.
      for (std::size_t place = 0; place < 3; ++place) {
        switch ((turn + place) % 3) {
          case 0: hand_turns[turn] = by_hand(); break;
          case 1: lt_turns[turn] = by_lt(); break;
          default: again_turns[turn] = by_hand();
        }
      }
    }
    hand[i] = median(hand_turns);
    lt[i] = median(lt_turns);
    ratio[i] = lt[i] / hand[i];
    noise[i] = median(again_turns) / hand[i];
  }
  const auto [least, most] = std::minmax_element(ratio.begin(), ratio.end());
  std::printf("%-36s %9.1f %9.1f    %.4f (%.3f to %.3f)   at most %.2f\n", c.name, median(hand),
              median(lt), median(ratio), *least, *most, c.target);
  const auto [low, high] = std::minmax_element(noise.begin(), noise.end());
  std::printf("%-36s %9s %9s    %.4f (%.3f to %.3f)\n", "  by hand, once more", "", "",
              median(noise), *low, *high);
}

std::string machine() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown processor";
}

}  // namespace

int main() {
  at::set_num_threads(1);
  std::printf("%s, %u cores, one thread used; medians of %zu rounds\n", machine().c_str(),
              std::thread::hardware_concurrency(), rounds);
  std::printf("%-36s %9s %9s    %s\n", "microseconds per training step", "by hand", "by lt",
              "lt / hand (of all rounds)  wanted");
  compare<lt::optim::SGD>(
      {"MLP 64-32-10, batch 32, SGD", {64, 32, 10}, 32, 500, 1.01});
  compare<lt::optim::Adam>(
      {"MLP 784-512-512-10, batch 128, Adam", {784, 512, 512, 10}, 128, 40, 1.02});
}
