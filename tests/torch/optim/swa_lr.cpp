// SPDX-License-Identifier: Apache-2.0
// SWALR against torch.optim.swa_utils.SWALR of Python, to the bit.
#include "lt/optim/lr_scheduler/swa_lr.hpp"

#include "lt/checkpoint/scheduler_state.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using lt::optim::GroupRates;
using lt::optim::SWALR;

namespace {

using Rows = std::vector<std::vector<double>>;

Rows rates_of(SWALR::Options options, bool with_initial = false) {
  options.swa_lr = {0.05, 0.3};
  std::vector<GroupRates> groups{{.lr = 0.1}, {.lr = 0.02}};
  if (with_initial) {
    groups[0].initial_lr = 0.1;
    groups[1].initial_lr = 0.02;
  }
  SWALR scheduler(options);
  scheduler.attach(groups);
  Rows rows;
  for (int step = 0; step < 5; ++step) {
    rows.push_back({groups[0].lr, groups[1].lr});
    scheduler.step(groups);
  }
  return rows;
}

}  // namespace

TEST_CASE("cosine annealing to the rates of the groups") {
  CHECK(rates_of({.anneal_epochs = 3}) == Rows{{0.1, 0.02},
                                               {0.08750000000000001, 0.08999999999999998},
                                               {0.06250000000000001, 0.22999999999999995},
                                               {0.05, 0.3},
                                               {0.05, 0.3}});
}

TEST_CASE("linear annealing") {
  CHECK(rates_of({.anneal_epochs = 3, .anneal_strategy = "linear"}) ==
        Rows{{0.1, 0.02},
             {0.08333333333333334, 0.11333333333333333},
             {0.06666666666666668, 0.20666666666666667},
             {0.05, 0.3},
             {0.05, 0.3}});
}

TEST_CASE("no annealing: the rate is there at once") {
  CHECK(rates_of({.anneal_epochs = 0}) ==
        Rows{{0.05, 0.3}, {0.05, 0.3}, {0.05, 0.3}, {0.05, 0.3}, {0.05, 0.3}});
}

TEST_CASE("last_epoch does not enter the rates") {
  CHECK(rates_of({.anneal_epochs = 2, .last_epoch = 5}, true) ==
        Rows{{0.1, 0.02}, {0.075, 0.15999999999999998}, {0.05, 0.3}, {0.05, 0.3}, {0.05, 0.3}});
}

TEST_CASE("one rate is that of all groups; another number than the groups' is refused") {
  std::vector<GroupRates> groups{{.lr = 0.1}, {.lr = 0.2}};
  SWALR one({.swa_lr = {0.05}, .anneal_epochs = 0});
  one.attach(groups);
  CHECK(groups[0].lr == 0.05);
  CHECK(groups[1].lr == 0.05);
  SWALR three({.swa_lr = {0.1, 0.2, 0.3}});
  CHECK_THROWS_AS(three.attach(groups), lt::ConfigError);
}

TEST_CASE("options out of range are refused") {
  CHECK_THROWS_AS(SWALR({.swa_lr = {}}), lt::ConfigError);
  CHECK_THROWS_AS(SWALR({.swa_lr = {0.1}, .anneal_epochs = -1}), lt::ConfigError);
  CHECK_THROWS_AS(SWALR({.swa_lr = {0.1}, .anneal_strategy = "poly"}), lt::ConfigError);
}

TEST_CASE("its state has Python's keys and goes on where it was") {
  std::vector<GroupRates> groups{{.lr = 0.1}};
  SWALR scheduler({.swa_lr = {0.05}, .anneal_epochs = 4});
  scheduler.attach(groups);
  scheduler.step(groups);
  const lt::checkpoint::Value saved = lt::checkpoint::scheduler_to_value(scheduler);
  for (const char* key : {"_anneal_strategy", "anneal_epochs", "base_lrs", "last_epoch",
                          "_step_count", "_is_initial", "_get_lr_called_within_step", "_last_lr"}) {
    CHECK_MESSAGE(saved.contains(key), key);
  }
  CHECK(saved.size() == 8);

  std::vector<GroupRates> again{groups[0]};
  SWALR resumed({.swa_lr = {0.05}});
  lt::checkpoint::scheduler_from_value(resumed, saved);
  scheduler.step(groups);
  resumed.step(again);
  CHECK(again[0].lr == groups[0].lr);
}
