// SPDX-License-Identifier: Apache-2.0
// Every optimizer against Python's, bit for bit, with its state saved and restored on the way.
#include "lt/optim/optimizers.hpp"

#include "support.hpp"

#include "doctest_torch.hpp"

namespace {

using namespace lt::optim;
using namespace optim_test;

const std::vector<Recorded> python = {
#include "../../recorded/optim/optimizers.inc"
};

/// The optimizer as a checkpoint restores it: new parameters with the same values, fresh options,
/// then groups and state loaded.
template <class O>
O restored(const O& optimizer, std::vector<at::Tensor>& ps) {
  std::vector<typename O::Group> groups;
  std::vector<typename O::Group> saved = optimizer.param_groups();
  std::size_t p = 0;
  for (typename O::Group& group : saved) {
    typename O::Group fresh;
    for (std::size_t i = 0; i < group.params.size(); ++i, ++p) {
      ps[p] = ps[p].detach().clone().requires_grad_();
      fresh.params.push_back(ps[p]);
    }
    groups.push_back(std::move(fresh));
    group.params.clear();
    group.options = through_reflection(group.options);
  }
  std::vector<typename O::ParamState> states;
  for (const auto& state : optimizer.state()) {
    states.push_back(through_reflection(state));
  }
  O result(std::move(groups));
  result.load_param_groups(std::move(saved));
  result.load_state(std::move(states));
  return result;
}

template <class O>
void check(std::string_view name, typename O::Options first, typename O::Options second,
           at::ScalarType dtype = torch::kFloat) {
  CAPTURE(name);
  const auto& expected = recorded(python, name);
  REQUIRE(expected.size() == steps);
  std::vector<at::Tensor> ps = params(dtype);
  O optimizer({ParamGroup<typename O::Options>{.params = {ps[0]}, .options = first},
               ParamGroup<typename O::Options>{.params = {ps[1]}, .options = second}});
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    if (step == 25) {
      optimizer = restored(optimizer, ps);
    }
    set_grads(ps, step);
    optimizer.step();
    Hash hash;
    hash.add(ps[0]);
    hash.add(ps[1]);
    REQUIRE(hash.value() == expected[static_cast<std::size_t>(step)]);
  }
}

/// Rosenbrock's function along each parameter, with its gradient.
at::Tensor rosenbrock(std::vector<at::Tensor>& ps, double sign) {
  c10::NoGradGuard no_grad;
  at::Tensor total;
  for (at::Tensor& param : ps) {
    const at::Tensor x = param.reshape({-1});
    const at::Tensor head = x.slice(0, 0, -1);
    const at::Tensor a = x.slice(0, 1) - head * head;
    const at::Tensor b = 1 - head;
    const at::Tensor loss = (a * a * 10 + b * b).sum() * sign;
    const at::Tensor g = torch::zeros_like(x);
    g.slice(0, 1).add_(a * 20);
    g.slice(0, 0, -1).add_(a * head * -40 - b * 2);
    param.mutable_grad() = (g * sign).reshape(param.sizes());
    total = total.defined() ? total + loss : loss;
  }
  return total;
}

void check_lbfgs(std::string_view name, LbfgsOptions options,
                 at::ScalarType dtype = torch::kFloat) {
  CAPTURE(name);
  const auto& expected = recorded(python, name);
  std::vector<at::Tensor> ps = params(dtype);
  const double sign = options.maximize ? -1.0 : 1.0;
  LBFGS optimizer(ps, options);
  int calls = 0;
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    if (step == 25) {
      optimizer = restored(optimizer, ps);
    }
    const at::Tensor loss = optimizer.step([&] {
      ++calls;
      return rosenbrock(ps, sign);
    });
    Hash hash;
    hash.add(ps[0]);
    hash.add(ps[1]);
    hash.add(loss);
    hash.add(static_cast<double>(calls));
    REQUIRE(hash.value() == expected[static_cast<std::size_t>(step)]);
  }
  CHECK(optimizer.state()[0].func_evals == calls);
}

TEST_SUITE_BEGIN("optimizers against Python" * doctest::skip(!same_kernels()));

TEST_CASE("SGD equals Python's") {
  check<SGD>("sgd", {.lr = 0.05}, {.lr = 0.02});
  const SgdOptions momentum{.lr = 0.05, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01};
  check<SGD>("sgd momentum", momentum,
             {.lr = 0.02, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01});
  check<SGD>("sgd nesterov", {.lr = 0.05, .momentum = 0.9, .nesterov = true},
             {.lr = 0.02, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true});
  check<SGD>("sgd maximize", {.lr = 0.003, .momentum = 0.5, .maximize = true},
             {.lr = 0.002, .momentum = 0.5, .maximize = true});
  check<SGD>("sgd double", {.lr = 0.05, .momentum = 0.9}, {.lr = 0.02, .momentum = 0.9},
             torch::kDouble);
  check<SGD>("sgd bfloat16", {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.1},
             {.lr = 0.02, .momentum = 0.9, .weight_decay = 0.1}, torch::kBFloat16);
}

TEST_CASE("Adam equals Python's") {
  check<Adam>("adam", {}, {.lr = 0.02});
  AdamOptions options{.lr = 0.01, .betas = {0.8, 0.99}, .eps = 1e-6, .weight_decay = 0.1};
  AdamOptions second = options;
  second.lr = 0.02;
  check<Adam>("adam options", options, second);
  check<Adam>("adam amsgrad", {.lr = 0.01, .amsgrad = true}, {.lr = 0.02});
  check<Adam>("adam maximize", {.lr = 0.01, .maximize = true}, {.lr = 0.02, .maximize = true});
  check<Adam>("adam decoupled", {.lr = 0.01, .weight_decay = 0.1, .decoupled_weight_decay = true},
              {.lr = 0.02, .weight_decay = 0.1, .decoupled_weight_decay = true});
  check<Adam>("adam double", {.lr = 0.01}, {.lr = 0.02}, torch::kDouble);
  check<Adam>("adam bfloat16", {.lr = 0.01}, {.lr = 0.02}, torch::kBFloat16);
}

TEST_CASE("AdamW equals Python's") {
  check<AdamW>("adamw", {}, {.lr = 0.02});
  check<AdamW>("adamw amsgrad", {.lr = 0.01, .weight_decay = 0.1, .amsgrad = true},
               {.lr = 0.02, .weight_decay = 0.1, .amsgrad = true, .maximize = true});
  check<AdamW>("adamw bfloat16", {.lr = 0.05, .betas = {0.9, 0.95}, .weight_decay = 0.3},
               {.lr = 0.02, .betas = {0.9, 0.95}, .weight_decay = 0.3}, torch::kBFloat16);
  const AdamWOptions large_eps{.lr = 0.05, .betas = {0.9, 0.95}, .eps = 1e-4, .weight_decay = 0.3};
  AdamWOptions second = large_eps;
  second.lr = 0.02;
  check<AdamW>("adamw half", large_eps, second, torch::kHalf);
}

TEST_CASE("the fused forms equal Python's") {
  check<SGD>("sgd fused", {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .fused = true},
             {.lr = 0.02, .momentum = 0.9, .weight_decay = 0.01, .fused = true});
  check<Adam>("adam fused", {.lr = 0.01, .weight_decay = 0.1, .amsgrad = true, .fused = true},
              {.lr = 0.02, .weight_decay = 0.1, .amsgrad = true, .fused = true});
  check<AdamW>("adamw fused", {.lr = 0.01, .fused = true}, {.lr = 0.02, .fused = true});
}

TEST_CASE("RMSprop equals Python's") {
  check<RMSprop>("rmsprop", {}, {.lr = 0.02});
  check<RMSprop>("rmsprop centered", {.lr = 0.01, .alpha = 0.9, .eps = 1e-6, .centered = true},
                 {.lr = 0.02, .alpha = 0.9, .eps = 1e-6, .centered = true});
  RmspropOptions momentum{.lr = 0.01, .weight_decay = 0.1, .momentum = 0.8, .maximize = true};
  RmspropOptions second = momentum;
  second.lr = 0.02;
  second.centered = true;
  check<RMSprop>("rmsprop momentum", momentum, second);
  check<RMSprop>("rmsprop bfloat16", {.lr = 0.01, .momentum = 0.7}, {.lr = 0.02, .momentum = 0.7},
                 torch::kBFloat16);
}

TEST_CASE("Adagrad equals Python's") {
  check<Adagrad>("adagrad", {}, {.lr = 0.02});
  AdagradOptions options{.lr = 0.1,
                         .lr_decay = 0.01,
                         .weight_decay = 0.1,
                         .initial_accumulator_value = 0.5,
                         .eps = 1e-8};
  AdagradOptions second = options;
  second.lr = 0.2;
  check<Adagrad>("adagrad options", options, second);
  check<Adagrad>("adagrad bfloat16", {.lr = 0.1}, {.lr = 0.2}, torch::kBFloat16);
  check<Adagrad>("adagrad maximize", {.lr = 0.1, .maximize = true}, {.lr = 0.2, .maximize = true});
}

TEST_CASE("Adagrad with sparse gradients equals Python's") {
  const auto& expected = recorded(python, "adagrad sparse");
  at::Tensor param = tensor({4, 3}, 1000, torch::kFloat).requires_grad_();
  Adagrad optimizer({param}, {.lr = 0.1, .lr_decay = 0.01});
  for (int step = 0; step < steps; ++step) {
    const at::Tensor rows = torch::tensor({step % 4, (step + 1) % 4, step % 4}, torch::kLong);
    const auto offset = static_cast<std::uint32_t>(1000 * step);
    param.mutable_grad() = torch::sparse_coo_tensor(
        rows.unsqueeze(0), tensor({3, 3}, 2000, torch::kFloat, offset), {4, 3});
    optimizer.step();
    Hash hash;
    hash.add(param);
    REQUIRE(hash.value() == expected[static_cast<std::size_t>(step)]);
  }
}

TEST_CASE("LBFGS equals Python's") {
  check_lbfgs("lbfgs", {.lr = 0.1, .max_iter = 4});
  check_lbfgs("lbfgs history", {.lr = 0.05, .max_iter = 3, .history_size = 3});
  check_lbfgs("lbfgs double", {.lr = 0.1, .max_iter = 4, .max_eval = 3}, torch::kDouble);
  check_lbfgs("lbfgs maximize", {.lr = 0.1, .max_iter = 4, .maximize = true});
}

TEST_CASE("LBFGS with strong_wolfe equals Python's") {
  check_lbfgs("lbfgs wolfe", {.lr = 1, .max_iter = 2, .line_search_fn = "strong_wolfe"});
  check_lbfgs("lbfgs wolfe double",
              {.lr = 0.5, .max_iter = 3, .history_size = 4, .line_search_fn = "strong_wolfe"},
              torch::kDouble);
  check_lbfgs("lbfgs wolfe maximize",
              {.lr = 3, .max_iter = 2, .line_search_fn = "strong_wolfe", .maximize = true});
}

TEST_SUITE_END();

}  // namespace
