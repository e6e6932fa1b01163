// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/scheduler_state.hpp"
#include "lt/optim/lr_schedulers.hpp"
#include "support.hpp"

using namespace test;
using ck::scheduler_from_value;
using ck::scheduler_to_value;
namespace optim = lt::optim;

namespace {

optim::GroupRates group() {
  return {.lr = 0.1, .momentum = 0.9};
}

template <class S>
void advance(S& scheduler, optim::GroupRates& rates) {
  if constexpr (S::needs_metric) {
    scheduler.step({&rates, 1}, 1.0);
  } else {
    scheduler.step({&rates, 1});
  }
}

template <class S>
void check_case(const char* name, const S& fresh) {
  INFO(name);
  const ck::Value pythons = from_json(recorded()["schedulers"][name]);
  S scheduler = fresh;
  optim::GroupRates rates = group();
  scheduler.attach({&rates, 1});
  advance(scheduler, rates);
  advance(scheduler, rates);
  CHECK(difference(scheduler_to_value(scheduler), pythons, true) == "");

  for (const ck::Value& saved : {pythons, scheduler_to_value(scheduler)}) {
    S other = fresh;
    optim::GroupRates others = group();
    other.attach({&others, 1});
    others = rates;  // the rates come with the optimizer's groups
    scheduler_from_value(other, saved);
    S original = scheduler;
    optim::GroupRates expected = rates;
    for (int i = 0; i < 3; ++i) {
      advance(original, expected);
      advance(other, others);
      CHECK(others.lr == expected.lr);
      CHECK(others.momentum == expected.momentum);
    }
  }
}

}  // namespace

TEST_CASE("scheduler state: Python's keys and values, and continued to the bit") {
  check_case("StepLR", optim::StepLR({.step_size = 2}));
  check_case("MultiStepLR", optim::MultiStepLR({.milestones = {1, 3}}));
  check_case("CosineAnnealingLR", optim::CosineAnnealingLR({.T_max = 10}));
  check_case("OneCycleLR", optim::OneCycleLR({.max_lr = {0.3}, .total_steps = 10}));
  check_case("ReduceLROnPlateau", optim::ReduceLROnPlateau({.patience = 3}));
}

TEST_CASE("scheduler state: several in a row, and the choice at run time") {
  optim::SequentialLR one({.milestones = {2}}, optim::StepLR({.step_size = 1}),
                          optim::ExponentialLR({.gamma = 0.5}));
  auto other = one;
  optim::GroupRates rates = group();
  optim::GroupRates others = group();
  one.attach({&rates, 1});
  other.attach({&others, 1});
  one.step({&rates, 1});
  const ck::Value value = scheduler_to_value(one);
  CHECK(value["_schedulers"].size() == 2);
  scheduler_from_value(other, value);
  others = rates;
  for (int i = 0; i < 4; ++i) {
    one.step({&rates, 1});
    other.step({&others, 1});
    CHECK(others.lr == rates.lr);
  }

  optim::AnyLR any = optim::StepLR({.step_size = 2});
  ck::Value state = scheduler_to_value(any);
  CHECK(state.get<int>("step_size") == 2);
  state["step_size"] = 7;
  scheduler_from_value(any, state);
  CHECK(scheduler_to_value(any).get<int>("step_size") == 7);
}

TEST_CASE("scheduler state: errors name the key and change nothing") {
  optim::StepLR scheduler({.step_size = 2});
  ck::Value value = scheduler_to_value(scheduler);
  value["step_size"] = 9;
  value["last_epoch"] = "late";
  CHECK(error_of([&] { scheduler_from_value(scheduler, value); }) ==
        "lt[E223] last_epoch: expected a whole number, found the text \"late\"");
  CHECK(scheduler_to_value(scheduler).get<int>("step_size") == 2);
}
