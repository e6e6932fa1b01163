// SPDX-License-Identifier: Apache-2.0
// What the optimizers do besides arithmetic: groups, closures, state, choices, errors.
#include "lt/optim/lr_schedulers.hpp"
#include "lt/optim/optimizers.hpp"
#include "lt/optim/torch_optim.hpp"

#include "support.hpp"

#include "doctest_torch.hpp"

namespace {

using namespace lt::optim;
using namespace optim_test;

at::Tensor one_param() {
  return torch::ones({3}).requires_grad_();
}

template <class O>
concept FreeStep = requires(O optimizer) { optimizer.step(); };
static_assert(FreeStep<SGD> && FreeStep<Adam> && !FreeStep<LBFGS>);

TEST_CASE("a closure runs with autograd on and its result comes back") {
  const at::Tensor w = one_param();
  SGD sgd({w}, {.lr = 0.5});
  c10::NoGradGuard outside;
  const at::Tensor loss = sgd.step([&] {
    CHECK(c10::GradMode::is_enabled());
    const at::Tensor value = w.sum();
    value.backward();
    return value;
  });
  CHECK(loss.item<double>() == 3.0);
  CHECK(w[0].item<double>() == 0.5);
  CHECK(!c10::GradMode::is_enabled());
  bool called = false;
  sgd.step([&] { called = true; });
  CHECK(called);
}

TEST_CASE("an exception in the closure leaves grad mode and parameters as they were") {
  const at::Tensor w = one_param();
  w.mutable_grad() = torch::ones({3});
  Adam adam({w});
  CHECK_THROWS_AS(adam.step([]() -> at::Tensor { throw std::runtime_error("no"); }),
                  std::runtime_error);
  CHECK(c10::GradMode::is_enabled());
  CHECK(w[0].item<double>() == 1.0);
  CHECK(is_empty(adam.state()[0]));
}

TEST_CASE("zero_grad drops the gradients or fills them with zeros") {
  const at::Tensor w = one_param();
  SGD sgd({w});
  w.mutable_grad() = torch::ones({3});
  sgd.zero_grad(false);
  REQUIRE(w.grad().defined());
  CHECK(w.grad().sum().item<double>() == 0.0);
  sgd.zero_grad();
  CHECK(!w.grad().defined());
}

TEST_CASE("states are empty until a parameter is updated") {
  const at::Tensor a = one_param();
  const at::Tensor b = one_param();
  Adam adam({a, b});
  CHECK(adam.state_size() == 2);
  CHECK(is_empty(adam.state()[0]));
  a.mutable_grad() = torch::ones({3});
  adam.step();
  CHECK(!is_empty(adam.state()[0]));
  CHECK(adam.state()[0].step.item<double>() == 1.0);
  CHECK(!adam.state()[0].max_exp_avg_sq.defined());
  CHECK(is_empty(adam.state()[1]));
}

TEST_CASE("a loaded state takes the parameter's dtype, except the step count") {
  const at::Tensor w = torch::ones({3}, torch::kDouble).requires_grad_();
  Adam adam({w});
  adam.load_state({AdamState{
      .step = torch::tensor(4.0F), .exp_avg = torch::zeros({3}), .exp_avg_sq = torch::zeros({3})}});
  CHECK((adam.state()[0].exp_avg.scalar_type() == torch::kDouble));
  CHECK((adam.state()[0].step.scalar_type() == torch::kFloat));
  CHECK_THROWS_WITH_AS(adam.load_state({}), "Adam: the saved state has 0 parameters; expected 1",
                       lt::CheckpointError);
}

TEST_CASE("loaded groups keep the parameters and replace the rest") {
  const at::Tensor w = one_param();
  SGD sgd({w}, {.lr = 0.5});
  sgd.load_param_groups(
      {{.params = {}, .options = {.lr = 0.25}, .name = "all", .initial_lr = 1.0}});
  CHECK(sgd.param_groups()[0].params[0].is_same(w));
  CHECK(sgd.param_groups()[0].options.lr == 0.25);
  CHECK(sgd.param_groups()[0].name == "all");
  CHECK_THROWS_AS(sgd.load_param_groups({}), lt::CheckpointError);
  CHECK_THROWS_WITH_AS(sgd.load_param_groups({{.params = {w, one_param()}}}),
                       doctest::Contains("saved parameter group 0 has 2 parameters; expected 1"),
                       lt::CheckpointError);
}

TEST_CASE("a group can be added later") {
  const at::Tensor a = one_param();
  const at::Tensor b = one_param();
  SGD sgd({a}, {.lr = 1, .momentum = 0.5});
  a.mutable_grad() = torch::ones({3});
  sgd.step();
  sgd.add_param_group({.params = {b, b}, .options = {.lr = 2}});
  CHECK(sgd.param_groups()[1].params.size() == 1);
  b.mutable_grad() = torch::ones({3});
  sgd.step();
  CHECK(a[0].item<double>() == -1.5);
  CHECK(b[0].item<double>() == -1.0);
  CHECK_THROWS_WITH_AS(sgd.add_param_group({.params = {a}}),
                       doctest::Contains("more than one parameter group"), lt::ConfigError);
}

TEST_CASE("rates are read and written, betas[0] as momentum") {
  Adam adam({one_param()});
  CHECK(group_count(adam) == 1);
  GroupRates found = rates(adam, 0);
  CHECK(found.lr == 1e-3);
  CHECK(!found.initial_lr);
  CHECK(*found.momentum == 0.9);
  CHECK(found.momentum_is_beta1);
  found.lr = 0.5;
  found.initial_lr = 0.25;
  found.momentum = 0.75;
  set_rates(adam, 0, found);
  CHECK(adam.param_groups()[0].options.lr == 0.5);
  CHECK(adam.param_groups()[0].options.betas == std::array{0.75, 0.999});
  CHECK(*adam.param_groups()[0].initial_lr == 0.25);
  CHECK(*rates(SGD({one_param()}, {.momentum = 0.5}), 0).momentum == 0.5);
  CHECK(!rates(Adagrad({one_param()}), 0).momentum);
}

TEST_CASE("LibTorch's optimizers give and take their rate") {
  torch::optim::SGD sgd({one_param()}, torch::optim::SGDOptions(0.5));
  CHECK(group_count(sgd) == 1);
  CHECK(rates(sgd, 0).lr == 0.5);
  set_rates(sgd, 0, {.lr = 0.125});
  CHECK(static_cast<torch::optim::SGDOptions&>(sgd.param_groups()[0].options()).lr() == 0.125);
}

TEST_CASE("a scheduler drives an optimizer") {
  SGD sgd({one_param()}, {.lr = 1.0});
  StepLR scheduler({.step_size = 1, .gamma = 0.5});
  std::vector<GroupRates> groups{rates(sgd, 0)};
  scheduler.attach(groups);
  set_rates(sgd, 0, groups[0]);
  CHECK(*sgd.param_groups()[0].initial_lr == 1.0);
  groups[0] = rates(sgd, 0);
  scheduler.step(groups);
  set_rates(sgd, 0, groups[0]);
  CHECK(sgd.param_groups()[0].options.lr == 0.5);
}

TEST_CASE("an optimizer chosen at run time") {
  const at::Tensor w = one_param();
  const auto loss = [&] {
    w.mutable_grad() = torch::ones({3});
    return w.sum();
  };
  AnyOptimizer any(SGD({w}, {.lr = 0.5}));
  CHECK(any.class_name() == "SGD");
  CHECK(!any.requires_closure());
  CHECK(any.step(loss).item<double>() == 3.0);
  any.step();
  CHECK(w[0].item<double>() == 0.0);
  CHECK(group_count(any) == 1);
  GroupRates changed = rates(any, 0);
  changed.lr = 2.0;
  set_rates(any, 0, changed);
  CHECK(rates(any, 0).lr == 2.0);
  any.zero_grad();
  CHECK(!w.grad().defined());

  any = LBFGS({w});
  CHECK(any.requires_closure());
  CHECK_THROWS_WITH_AS(any.step(), "LBFGS: step() without a closure; expected one",
                       lt::ConfigError);
  CHECK_THROWS_AS(any.step([] {}), lt::ConfigError);
  CHECK(any.step(loss).item<double>() == 0.0);
}

TEST_CASE("LBFGS completes max_eval and takes numbers as losses") {
  const at::Tensor w = one_param();
  LBFGS lbfgs({w}, {.max_iter = 7});
  CHECK(*lbfgs.param_groups()[0].options.max_eval == 8);
  const double loss = lbfgs.step([&] {
    w.mutable_grad() = w.detach().clone();
    return w.pow(2).sum().item<double>() / 2;
  });
  CHECK(loss == 1.5);
  CHECK(w.abs().max().item<double>() < 1.0);
}

#define CHECK_CONFIG_ERROR(expression, text) \
  CHECK_THROWS_WITH_AS(expression, doctest::Contains(text), lt::ConfigError)

TEST_CASE("options out of range are named") {
  const std::vector<at::Tensor> ps{one_param()};
  CHECK_CONFIG_ERROR(SGD(ps, {.lr = -1}), "SGD: lr = -1; expected 0 or more");
  CHECK_CONFIG_ERROR(SGD(ps, {.momentum = -0.5}), "SGD: momentum = -0.5");
  CHECK_CONFIG_ERROR(SGD(ps, {.weight_decay = -1}), "SGD: weight_decay = -1");
  CHECK_CONFIG_ERROR(SGD(ps, {.nesterov = true}), "momentum = 0; expected more than 0");
  CHECK_CONFIG_ERROR(SGD(ps, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}),
                     "dampening = 0.1; expected 0 with nesterov");
  CHECK_CONFIG_ERROR(Adam(ps, {.betas = {1.0, 0.9}}), "Adam: betas[0] = 1;");
  CHECK_CONFIG_ERROR(Adam(ps, {.betas = {0.9, -0.1}}), "Adam: betas[1] = -0.1;");
  CHECK_CONFIG_ERROR(Adam(ps, {.eps = -1e-8}), "Adam: eps = -1e-08");
  CHECK_CONFIG_ERROR(AdamW(ps, {.weight_decay = -1}), "AdamW: weight_decay = -1");
  CHECK_CONFIG_ERROR(RMSprop(ps, {.alpha = -1}), "RMSprop: alpha = -1");
  CHECK_CONFIG_ERROR(RMSprop(ps, {.momentum = -1}), "RMSprop: momentum = -1");
  CHECK_CONFIG_ERROR(Adagrad(ps, {.lr_decay = -1}), "Adagrad: lr_decay = -1");
  CHECK_CONFIG_ERROR(Adagrad(ps, {.initial_accumulator_value = -1}), "initial_accumulator_value");
  CHECK_CONFIG_ERROR(LBFGS(ps, {.lr = -1}), "LBFGS: lr = -1");
  CHECK_CONFIG_ERROR(LBFGS(ps, {.line_search_fn = "armijo"}), "line_search_fn = \"armijo\"");
}

TEST_CASE("parameters that cannot be optimized are refused") {
  const at::Tensor w = one_param();
  CHECK_CONFIG_ERROR(SGD(std::vector<at::Tensor>{}), "empty parameter list");
  CHECK_CONFIG_ERROR(SGD(std::vector<ParamGroup<SgdOptions>>{}), "no parameter group");
  CHECK_CONFIG_ERROR(SGD({w * 2}), "the result of an operation; expected leaf tensors");
  CHECK_CONFIG_ERROR(SGD({at::Tensor()}), "undefined");
  CHECK_CONFIG_ERROR(
      LBFGS(std::vector<ParamGroup<LbfgsOptions>>{{.params = {w}}, {.params = {one_param()}}}),
      "number of parameter groups = 2; expected 1");
}

TEST_CASE("gradients that a rule cannot use are refused") {
  const at::Tensor w = one_param();
  w.mutable_grad() =
      torch::sparse_coo_tensor(torch::zeros({1, 1}, torch::kLong), torch::ones({1}), {3});
  Adam adam({w});
  CHECK_CONFIG_ERROR(adam.step(), "Adam: got a sparse gradient");
  RMSprop rmsprop({w});
  CHECK_CONFIG_ERROR(rmsprop.step(), "RMSprop: got a sparse gradient");
  Adagrad adagrad({w}, {.weight_decay = 0.1});
  CHECK_CONFIG_ERROR(adagrad.step(), "Adagrad: got a sparse gradient");
  SGD sgd({w}, {.lr = 1});
  sgd.step();
  CHECK(w[0].item<double>() == 0.0);
}

}  // namespace
