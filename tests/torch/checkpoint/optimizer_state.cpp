// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/optimizer_state.hpp"
#include "lt/checkpoint/binary.hpp"
#include "lt/optim/optimizers.hpp"
#include "support.hpp"

#include <sstream>

using namespace test;
using ck::Dict;
using ck::optimizer_from_value;
using ck::optimizer_to_value;
using ck::Value;
namespace optim = lt::optim;

namespace {

using Tensors = std::vector<at::Tensor>;

// The problem of record.py.
at::Tensor values(std::int64_t count, std::int64_t seed) {
  std::vector<double> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(static_cast<double>((i * 37 + seed * 101) % 64 - 32) / 64);
  }
  return torch::tensor(out, torch::kFloat);
}

Tensors start() {
  return {values(6, 1).reshape({2, 3}).requires_grad_(), values(2, 2).requires_grad_()};
}

template <class O>
void step(O& optimizer, const Tensors& params, std::int64_t i) {
  if constexpr (requires { optimizer.step(); }) {
    for (std::size_t k = 0; k < params.size(); ++k) {
      at::Tensor param = params[k];
      param.mutable_grad() =
          values(param.numel(), 10 * i + static_cast<std::int64_t>(k)).reshape(param.sizes());
    }
    optimizer.step();
  } else {
    const Tensors weights{values(6, 3).reshape({2, 3}).abs() + 0.5, values(2, 4).abs() + 0.5};
    optimizer.step([&] {
      at::Tensor loss = torch::zeros({});
      for (std::size_t k = 0; k < params.size(); ++k) {
        at::Tensor param = params[k];
        param.mutable_grad() = (param * weights[k] * 2).detach();
        loss = loss + (param * param * weights[k]).sum();
      }
      return loss.detach();
    });
  }
}

Value through_file(const Value& value) {
  std::stringstream stream;
  ck::write_binary(stream, value);
  return ck::read_binary(stream);
}

template <class Make>
void check_case(const char* name, Make make) {
  INFO(name);
  const Json& json = recorded()["optimizers"][name];
  const Value pythons = from_json(json["state_dict"]);

  // Written as Python writes it.
  const Tensors params = start();
  auto optimizer = make(params);
  for (std::int64_t i = 0; i < 3; ++i) {
    step(optimizer, params, i);
  }
  const Value ours = through_file(optimizer_to_value(optimizer));
  CHECK(difference(ours, pythons, true) == "");
  CHECK(difference(pythons, ours, true) == "");

  // Taken up where Python, and where we, left off.
  for (const Value& saved : {pythons, ours}) {
    const Tensors others = start();
    for (std::size_t k = 0; k < others.size(); ++k) {
      torch::NoGradGuard no_grad;
      others[k].copy_(from_json(json["params"][k]).as<at::Tensor>());
    }
    auto other = make(others);
    optimizer_from_value(other, saved);
    step(other, others, 3);
    for (std::size_t k = 0; k < others.size(); ++k) {
      CHECK(same_bits(others[k], from_json(json["after"][k]).as<at::Tensor>()));
    }
  }

  // The state that was read is a copy.
  const Value copy = through_file(ours);
  const Tensors again = start();
  auto third = make(again);
  optimizer_from_value(third, ours);
  step(third, again, 3);
  step(third, again, 4);
  CHECK(difference(ours, copy) == "");
}

std::vector<optim::AdamW::Group> two_groups(const Tensors& params) {
  return {{.params = {params[0]}, .options = {.lr = 0.02}, .name = "body"},
          {.params = {params[1]}}};
}

}  // namespace

TEST_CASE("optimizer state: as Python's, and continued to the bit") {
  check_case("SGD", [](const Tensors& p) { return optim::SGD(p, {.lr = 0.1}); });
  check_case("SGD momentum", [](const Tensors& p) {
    return optim::SGD(p, {.lr = 0.1, .momentum = 0.9, .nesterov = true});
  });
  check_case("Adam", [](const Tensors& p) { return optim::Adam(p, {.lr = 0.1, .amsgrad = true}); });
  check_case("AdamW", [](const Tensors& p) { return optim::AdamW(two_groups(p)); });
  check_case("RMSprop", [](const Tensors& p) {
    return optim::RMSprop(p, {.lr = 0.1, .momentum = 0.9, .centered = true});
  });
  check_case("Adagrad",
             [](const Tensors& p) { return optim::Adagrad(p, {.lr = 0.1, .lr_decay = 0.01}); });
  check_case("LBFGS", [](const Tensors& p) {
    return optim::LBFGS(p, {.lr = 0.3, .max_iter = 2, .history_size = 4});
  });
}

TEST_CASE("optimizer state: LBFGS before its first iteration has no work space") {
  const Tensors params{torch::zeros(2).requires_grad_()};
  optim::LBFGS optimizer(params);
  optimizer.step([&] {
    at::Tensor param = params[0];
    param.mutable_grad() = torch::zeros(2);
    return 0.0;
  });
  const Value value = optimizer_to_value(optimizer);
  CHECK(value["state"][0].size() == 2);
  CHECK(value.get<int>("state", 0, "func_evals") == 1);
  optim::LBFGS other(params);
  optimizer_from_value(other, value);
  CHECK(other.state()[0].func_evals == 1);
}

TEST_CASE("optimizer state: the choice at run time is saved as what it is") {
  const Tensors params = start();
  optim::AnyOptimizer any = optim::Adam(params, {.lr = 0.1});
  optim::Adam plain(params, {.lr = 0.1});
  CHECK(difference(optimizer_to_value(any), optimizer_to_value(plain)) == "");
  Value value = optimizer_to_value(any);
  value["param_groups"][0]["lr"] = 0.7;
  optimizer_from_value(any, value);
  CHECK(optim::rates(any, 0).lr == 0.7);
}

TEST_CASE("optimizer state: rates of schedulers are part of the group when they are set") {
  optim::SGD optimizer(start(), {.lr = 0.1});
  CHECK(!optimizer_to_value(optimizer).contains("param_groups", 0, "initial_lr"));
  CHECK(!optimizer_to_value(optimizer).contains("param_groups", 0, "name"));
  optimizer.param_groups()[0].initial_lr = 0.5;
  optimizer.param_groups()[0].max_momentum = 0.9;
  optimizer.param_groups()[0].name = "all";
  const Value value = optimizer_to_value(optimizer);
  CHECK(value.get<double>("param_groups", 0, "initial_lr") == 0.5);

  optim::SGD other(start(), {.lr = 0.3});
  other.param_groups()[0].min_lr = 0.1;
  optimizer_from_value(other, value);
  const auto& group = other.param_groups()[0];
  CHECK(group.options.lr == 0.1);
  CHECK(group.initial_lr == 0.5);
  CHECK(group.max_momentum == 0.9);
  CHECK(group.name == "all");
  CHECK(!group.min_lr);
  CHECK(group.params.size() == 2);
}

TEST_CASE("optimizer state: fused is None in Python unless it is asked for") {
  optim::Adam plain(start());
  CHECK(optimizer_to_value(plain)["param_groups"][0]["fused"].is_null());
  optim::Adam fused(start(), {.fused = true});
  const Value value = optimizer_to_value(fused);
  CHECK(value.get<bool>("param_groups", 0, "fused"));
  optimizer_from_value(plain, value);
  CHECK(plain.param_groups()[0].options.fused);
}

TEST_CASE("optimizer state: parameters without a gradient have none") {
  const Tensors params = start();
  optim::Adam optimizer(params);
  at::Tensor second = params[1];
  second.mutable_grad() = torch::ones(2);
  optimizer.step();
  const Value value = optimizer_to_value(optimizer);
  CHECK(value["state"].size() == 1);
  CHECK(value.contains("state", 1, "exp_avg"));
  optim::Adam other(start());
  optimizer_from_value(other, value);
  CHECK(optim::is_empty(other.state()[0]));
  CHECK(!optim::is_empty(other.state()[1]));
}

TEST_CASE("optimizer state: saved numbers count, not their order of writing") {
  const Tensors params = start();
  optim::Adam optimizer(params);
  step(optimizer, params, 0);
  Value value = optimizer_to_value(optimizer);
  Value renamed = Dict{{"param_groups", value["param_groups"]}};
  renamed["state"] = Dict{{7, value["state"][1]}, {4, value["state"][0]}};
  renamed["param_groups"][0]["params"] = ck::List{4, 7};
  optim::Adam other(start());
  optimizer_from_value(other, renamed);
  CHECK(difference(optimizer_to_value(other), value) == "");
}

TEST_CASE("optimizer state: step counts of old files are plain numbers") {
  const Tensors params = start();
  optim::Adam optimizer(params);
  step(optimizer, params, 0);
  Value value = through_file(optimizer_to_value(optimizer));
  value["state"][0]["step"] = 5;
  optim::Adam other(start());
  optimizer_from_value(other, value);
  CHECK((other.state()[0].step.scalar_type() == at::kFloat));
  CHECK(other.state()[0].step.item<float>() == 5);
}

TEST_CASE("optimizer state: what does not fit is refused and changes nothing") {
  const Tensors params = start();
  optim::AdamW optimizer(two_groups(params));
  step(optimizer, params, 0);
  const Value good = through_file(optimizer_to_value(optimizer));

  optim::AdamW one_group(start());
  CHECK(error_of([&] { optimizer_from_value(one_group, good); }) ==
        "lt[E224] AdamW: the checkpoint has 2 parameter groups; expected 1");

  const auto error = [&](Value value) {
    const Tensors own = start();
    optim::AdamW other(two_groups(own));
    const Value before = through_file(optimizer_to_value(other));
    const std::string text = error_of([&] { optimizer_from_value(other, value); });
    CHECK(difference(optimizer_to_value(other), before) == "");
    return text;
  };
  Value value = good;
  value["param_groups"][1]["params"] = ck::List{1, 2};
  CHECK(error(value) ==
        "lt[E224] AdamW: parameter group 1 of the checkpoint has 2 parameters; expected 1");
  value = good;
  value["state"][0]["exp_avg"] = torch::zeros({3, 2});
  CHECK(error(value) ==
        "lt[E224] AdamW: state.0.exp_avg has the shape [3, 2]; expected [2, 3], that "
        "of the parameter");
  value = good;
  value["state"][1] = Dict{{"momentum_buffer", torch::zeros(2)}};
  CHECK(error(value) ==
        "lt[E224] state.1: found the state of another optimizer, with "
        "momentum_buffer; expected [step, exp_avg, exp_avg_sq, max_exp_avg_sq]");
  value = good;
  value["param_groups"][0]["betas"] = ck::List{0.9, "x"};
  CHECK(error(value) == "lt[E223] param_groups.0.betas.1: expected a number, found the text \"x\"");
  value = good;
  value.erase("state");
  CHECK(error(value) == "lt[E223] state: no such key; found [param_groups]");
  value = good;
  value["param_groups"][0].erase("params");
  CHECK(has(error(value), "param_groups.0.params: no such key"));
}

TEST_CASE("optimizer state: LBFGS refuses vectors of another length") {
  const Tensors params = start();
  optim::LBFGS optimizer(params, {.max_iter = 2});
  step(optimizer, params, 0);
  Value value = optimizer_to_value(optimizer);
  value["state"][0]["d"] = torch::zeros(3);
  optim::LBFGS other(start());
  CHECK(error_of([&] { optimizer_from_value(other, value); }) ==
        "lt[E224] LBFGS: d of the checkpoint has 3 elements; expected 8, those of all parameters "
        "together");
}
