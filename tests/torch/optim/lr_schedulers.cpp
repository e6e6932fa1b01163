// SPDX-License-Identifier: Apache-2.0
// Every scheduler against Python's over 50 steps, bit for bit, with its state saved and restored on
// the way.
#include "lt/optim/lr_schedulers.hpp"

#include "support.hpp"

#include "doctest_torch.hpp"

#include <algorithm>

namespace {

using namespace lt::optim;
using namespace optim_test;

const std::vector<Recorded> python = {
#include "../../recorded/optim/lr_schedulers.inc"
};

std::vector<GroupRates> two_groups(bool adam) {
  if (adam) {
    return {{.lr = 0.1, .momentum = 0.9, .momentum_is_beta1 = true},
            {.lr = 0.023, .momentum = 0.9, .momentum_is_beta1 = true}};
  }
  return {{.lr = 0.1, .momentum = 0.9}, {.lr = 0.023, .momentum = 0.9}};
}

/// Falls, then stays, then rises and falls in waves.
double metric(int step) {
  const double waves = step > 20 ? unit(static_cast<std::uint32_t>(step), 77) : 0.0;
  return 1.0 / (1 + std::min(step, 12)) + 0.25 * waves;
}

template <class S>
void step_one(S& scheduler, std::vector<GroupRates>& groups, int step) {
  if constexpr (S::needs_metric) {
    scheduler.step(groups, metric(step));
  } else {
    scheduler.step(groups);
  }
}

std::uint64_t hash_of(const std::vector<GroupRates>& groups) {
  Hash hash;
  for (const GroupRates& group : groups) {
    hash.add(group.lr);
    hash.add(*group.momentum);
  }
  return hash.value();
}

/// `make` returns a tuple of schedulers that all step the same groups.
template <class Make>
void check_all(std::string_view name, Make make, bool adam = false) {
  CAPTURE(name);
  const auto& expected = recorded(python, name);
  REQUIRE(expected.size() == steps + 1);
  std::vector<GroupRates> groups = two_groups(adam);
  auto schedulers = make();
  const auto each = [](auto& tuple, auto f) {
    std::apply([&](auto&... s) { (f(s), ...); }, tuple);
  };
  each(schedulers, [&](auto& s) { s.attach(groups); });
  REQUIRE(hash_of(groups) == expected[0]);
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    if (step == 25) {  // as a run resumes: all made anew, then groups and states loaded
      std::vector<GroupRates> fresh = two_groups(adam);
      auto again = make();
      each(again, [&](auto& s) { s.attach(fresh); });
      [&]<std::size_t... Is>(std::index_sequence<Is...>) {
        (std::get<Is>(again).load_state(through_reflection(std::get<Is>(schedulers).state())), ...);
      }(std::make_index_sequence<std::tuple_size_v<decltype(again)>>{});
      std::swap(schedulers, again);
    }
    each(schedulers, [&](auto& s) { step_one(s, groups, step); });
    REQUIRE(hash_of(groups) == expected[static_cast<std::size_t>(step) + 1]);
  }
  each(schedulers, [&](auto& s) { CHECK(s.last_lr().size() == 2); });
  CHECK(std::get<std::tuple_size_v<decltype(schedulers)> - 1>(schedulers).last_lr()[1] ==
        groups[1].lr);
}

template <class S>
void check(std::string_view name, typename S::Options options, bool adam = false) {
  check_all(name, [&] { return std::tuple(S(options)); }, adam);
}

TEST_CASE("StepLR, MultiStepLR and ExponentialLR equal Python's") {
  check<StepLR>("step", {.step_size = 3, .gamma = 0.7});
  check<MultiStepLR>("multi step", {.milestones = {4, 9, 9, 30}, .gamma = 0.3});
  check<ExponentialLR>("exponential", {.gamma = 0.93});
}

TEST_CASE("LinearLR, ConstantLR and PolynomialLR equal Python's") {
  check<LinearLR>("linear", {});
  check<LinearLR>("linear down", {.start_factor = 0.9, .end_factor = 0.05, .total_iters = 37});
  check<ConstantLR>("constant", {});
  check<ConstantLR>("constant long", {.factor = 0.7, .total_iters = 30});
  check<PolynomialLR>("polynomial", {});
  check<PolynomialLR>("polynomial power", {.total_iters = 43, .power = 2.3});
}

TEST_CASE("the cosine schedulers equal Python's") {
  check<CosineAnnealingLR>("cosine", {.T_max = 50});
  check<CosineAnnealingLR>("cosine twice", {.T_max = 9, .eta_min = 0.001});
  check<CosineAnnealingWarmRestarts>("restarts", {.T_0 = 7});
  check<CosineAnnealingWarmRestarts>("restarts growing", {.T_0 = 3, .T_mult = 2, .eta_min = 0.002});
}

TEST_CASE("OneCycleLR equals Python's") {
  check<OneCycleLR>("one cycle", {.max_lr = {0.3}, .total_steps = 51});
  check<OneCycleLR>("one cycle adam",
                    {.max_lr = {0.3, 0.07},
                     .epochs = 3,
                     .steps_per_epoch = 17,
                     .pct_start = 0.41,
                     .anneal_strategy = "linear"},
                    true);
  check<OneCycleLR>("one cycle three", {.max_lr = {0.3},
                                        .total_steps = 60,
                                        .base_momentum = {0.7, 0.8},
                                        .max_momentum = {0.99},
                                        .div_factor = 10.0,
                                        .final_div_factor = 100.0,
                                        .three_phase = true});
  check<OneCycleLR>("one cycle alone",
                    {.max_lr = {0.3}, .total_steps = 51, .cycle_momentum = false});
}

TEST_CASE("CyclicLR equals Python's") {
  check<CyclicLR>("cyclic", {.base_lr = {0.01}, .max_lr = {0.3}, .step_size_up = 7});
  check<CyclicLR>("cyclic 2",
                  {.base_lr = {0.01, 0.02},
                   .max_lr = {0.3, 0.5},
                   .step_size_up = 5,
                   .step_size_down = 8,
                   .mode = "triangular2",
                   .base_momentum = {0.71},
                   .max_momentum = {0.93}},
                  true);
  check<CyclicLR>(
      "cyclic exp",
      {.base_lr = {0.01}, .max_lr = {0.3}, .step_size_up = 6, .mode = "exp_range", .gamma = 0.97});
  check<CyclicLR>("cyclic alone",
                  {.base_lr = {0.01}, .max_lr = {0.3}, .step_size_up = 6, .cycle_momentum = false});
}

TEST_CASE("LambdaLR equals Python's") {
  check_all("lambda", [] {
    return std::tuple(
        LambdaLR([](std::int64_t epoch) { return std::pow(0.95, static_cast<double>(epoch)); }));
  });
  check_all("lambdas", [] {
    return std::tuple(
        LambdaLR([](std::int64_t epoch) { return 1 / static_cast<double>(1 + epoch); },
                 [](std::int64_t epoch) { return epoch / 10; }));
  });
}

TEST_CASE("SequentialLR equals Python's") {
  check_all("sequential", [] {
    return std::tuple(SequentialLR({.milestones = {6}},
                                   LinearLR({.start_factor = 0.1, .total_iters = 6}),
                                   CosineAnnealingLR({.T_max = 40, .eta_min = 0.003})));
  });
  check_all("sequential three", [] {
    return std::tuple(
        SequentialLR({.milestones = {10, 30}}, ConstantLR({.factor = 0.1, .total_iters = 10}),
                     ExponentialLR({.gamma = 0.9}), StepLR({.step_size = 4, .gamma = 0.5})));
  });
  check_all("sequential more", [] {
    return std::tuple(SequentialLR(
        {.milestones = {8, 20, 35}}, CosineAnnealingWarmRestarts({.T_0 = 5}),
        MultiStepLR({.milestones = {0, 5}, .gamma = 0.5}),
        PolynomialLR({.total_iters = 20, .power = 2.0}), CosineAnnealingWarmRestarts({.T_0 = 4})));
  });
  check_all("sequential momentum", [] {
    const auto rising = [](std::int64_t e) { return 0.5 + static_cast<double>(e) / 10; };
    return std::tuple(SequentialLR({.milestones = {5}}, LambdaLR(rising),
                                   OneCycleLR({.max_lr = {0.2}, .total_steps = 45})));
  });
}

TEST_CASE("ReduceLROnPlateau equals Python's") {
  check<ReduceLROnPlateau>("plateau", {.factor = 0.5, .patience = 2});
  check<ReduceLROnPlateau>("plateau max", {.mode = "max",
                                           .factor = 0.3,
                                           .patience = 1,
                                           .threshold = 0.01,
                                           .threshold_mode = "abs",
                                           .cooldown = 3,
                                           .min_lr = {0.002, 0.01}});
  check<ReduceLROnPlateau>(
      "plateau rel",
      {.mode = "max", .factor = 0.7, .patience = 0, .threshold = 0.02, .eps = 0.001});
  check<ReduceLROnPlateau>(
      "plateau abs", {.factor = 0.9, .patience = 0, .threshold = 0.02, .threshold_mode = "abs"});
}

TEST_CASE("several schedulers on one optimizer equal Python's") {
  check_all("chained", [] {
    return std::tuple(ConstantLR({.factor = 0.1, .total_iters = 20}),
                      ExponentialLR({.gamma = 0.9}));
  });
  check_all("chained more", [] {
    return std::tuple(LinearLR({.start_factor = 0.2, .total_iters = 9}),
                      CosineAnnealingLR({.T_max = 33, .eta_min = 0.001}),
                      StepLR({.step_size = 5, .gamma = 0.8}));
  });
}

TEST_CASE("AnyLR does what the scheduler in it does") {
  std::vector<GroupRates> groups = two_groups(false);
  std::vector<GroupRates> others = groups;
  AnyLR any(StepLR({.step_size = 2}));
  StepLR plain({.step_size = 2});
  any.attach(groups);
  plain.attach(others);
  for (int step = 0; step < 5; ++step) {
    any.step(groups);
    plain.step(others);
    CHECK(groups[0].lr == others[0].lr);
  }
  CHECK(any.class_name() == "StepLR");
  CHECK(!any.needs_metric());
  CHECK(any.last_lr() == plain.last_lr());

  AnyLR again(StepLR({.step_size = 9}));
  again.load_state(any.state());
  again.step(groups);
  plain.step(others);
  CHECK(groups[1].lr == others[1].lr);
}

TEST_CASE("AnyLR asks for the metric and for the right state") {
  std::vector<GroupRates> groups = two_groups(false);
  AnyLR plateau(ReduceLROnPlateau({}));
  plateau.attach(groups);
  CHECK(plateau.needs_metric());
  CHECK_THROWS_WITH_AS(plateau.step(groups),
                       "ReduceLROnPlateau: step without a metric; expected one", lt::ConfigError);
  plateau.step(groups, 1.0);
  AnyLR constant(ConstantLR({}));
  CHECK_THROWS_AS(plateau.load_state(constant.state()), lt::CheckpointError);
}

TEST_CASE("a scheduler resumes from last_epoch when the groups have an initial rate") {
  std::vector<GroupRates> groups = two_groups(false);
  CosineAnnealingLR resumed({.T_max = 10, .last_epoch = 3});
  CHECK_THROWS_WITH_AS(resumed.attach(groups), doctest::Contains("initial_lr"), lt::ConfigError);
  groups[0].initial_lr = 0.1;
  groups[1].initial_lr = 0.2;
  resumed.attach(groups);
  CHECK(resumed.state().last_epoch == 4);
  CHECK(resumed.state().base_lrs == std::vector{0.1, 0.2});
  CHECK(groups[0].lr == 0.1);
}

#define CHECK_CONFIG_ERROR(expression, text) \
  CHECK_THROWS_WITH_AS(expression, doctest::Contains(text), lt::ConfigError)

TEST_CASE("options out of range are named") {
  CHECK_CONFIG_ERROR(StepLR({.step_size = 0}), "StepLR: step_size = 0; expected 1 or more");
  CHECK_CONFIG_ERROR(ExponentialLR({}), "ExponentialLR: gamma = nan");
  CHECK_CONFIG_ERROR(LinearLR({.start_factor = 0}), "LinearLR: start_factor = 0");
  CHECK_CONFIG_ERROR(LinearLR({.end_factor = 1.5}), "LinearLR: end_factor = 1.5");
  CHECK_CONFIG_ERROR(ConstantLR({.factor = 2}), "ConstantLR: factor = 2");
  CHECK_CONFIG_ERROR(CosineAnnealingLR({}), "CosineAnnealingLR: T_max = 0");
  CHECK_CONFIG_ERROR(CosineAnnealingWarmRestarts({}), "T_0 = 0");
  CHECK_CONFIG_ERROR(CosineAnnealingWarmRestarts({.T_0 = 1, .T_mult = 0}), "T_mult = 0");
  CHECK_CONFIG_ERROR(OneCycleLR({.max_lr = {0.1}}), "total_steps is not given");
  CHECK_CONFIG_ERROR(OneCycleLR({.max_lr = {0.1}, .total_steps = 0}), "total_steps = 0");
  CHECK_CONFIG_ERROR(OneCycleLR({.epochs = 2, .steps_per_epoch = -1}), "steps_per_epoch = -1");
  CHECK_CONFIG_ERROR(OneCycleLR({.total_steps = 5, .pct_start = 1.5}), "pct_start = 1.5");
  CHECK_CONFIG_ERROR(OneCycleLR({.total_steps = 5, .anneal_strategy = "log"}),
                     "anneal_strategy = \"log\"; expected cos or linear");
  CHECK_CONFIG_ERROR(CyclicLR({.mode = "square"}), "mode = \"square\"");
  CHECK_CONFIG_ERROR(CyclicLR({.step_size_down = 0}), "step_size_down = 0");
  CHECK_CONFIG_ERROR(ReduceLROnPlateau({.factor = 1}), "factor = 1; expected below 1");
  CHECK_CONFIG_ERROR(ReduceLROnPlateau({.mode = "least"}), "mode = \"least\"");
  CHECK_CONFIG_ERROR(ReduceLROnPlateau({.threshold_mode = "x"}), "threshold_mode = \"x\"");
  CHECK_CONFIG_ERROR(SequentialLR({.milestones = {1, 2}}, StepLR({}), StepLR({})),
                     "number of milestones = 2; expected 1");
}

TEST_CASE("options that do not fit the groups are named") {
  std::vector<GroupRates> groups = two_groups(false);
  CHECK_CONFIG_ERROR(OneCycleLR({.max_lr = {1, 2, 3}, .total_steps = 5}).attach(groups),
                     "max_lr has 3 values; expected 1 or 2");
  CHECK_CONFIG_ERROR(ReduceLROnPlateau({.min_lr = {}}).attach(groups), "min_lr has 0 values");
  const auto one = [](std::int64_t) { return 1.0; };
  CHECK_CONFIG_ERROR(LambdaLR(one, one, one).attach(groups), "expected 3");
  groups[1].momentum.reset();
  CHECK_CONFIG_ERROR(OneCycleLR({.max_lr = {1}, .total_steps = 5}).attach(groups), "no momentum");
  CHECK_CONFIG_ERROR(CyclicLR({.base_lr = {1}, .max_lr = {2}}).attach(groups), "no momentum");
}

TEST_CASE("steps that cannot be done are named") {
  std::vector<GroupRates> groups = two_groups(false);
  OneCycleLR cycle({.max_lr = {0.1}, .total_steps = 2});
  cycle.attach(groups);
  cycle.step(groups);
  cycle.step(groups);
  CHECK_CONFIG_ERROR(cycle.step(groups), "number of steps = 3; expected at most total_steps = 2");
  StepLR step({});
  step.attach(groups);
  groups.pop_back();
  CHECK_CONFIG_ERROR(step.step(groups), "number of parameter groups = 1; expected 2");
}

}  // namespace
