// SPDX-License-Identifier: Apache-2.0
// Fused steps whose learning rate, and whose being made at all, is decided by tensors.
#include "lt/optim/grad_scaler.hpp"
#include "lt/optim/optimizers.hpp"

#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <limits>
#include <vector>

namespace {

/// The values of a parameter after five steps.
template <class O, class F>
std::vector<double> values(typename O::Options options, F&& step) {
  options.lr = 0.125;
  at::Tensor param = torch::ones({2}).set_requires_grad(true);
  O optimizer({param}, options);
  std::vector<double> out;
  for (int i = 0; i < 5; ++i) {
    optimizer.zero_grad();
    (param * param).sum().backward();
    step(optimizer);
    out.push_back(param[0].template item<double>());
  }
  return out;
}

}  // namespace

TEST_CASE_TEMPLATE("rates from the device are the group's own", O, lt::optim::SGD, lt::optim::Adam,
                   lt::optim::AdamW) {
  const auto changes = [](O& optimizer, int i) {
    optimizer.param_groups()[0].options.lr = 0.125 * (i + 1);
  };
  int own = 0;
  int moved = 0;
  const auto expected = values<O>({.fused = true}, [&](O& optimizer) {
    changes(optimizer, own++);
    optimizer.step();
  });
  const auto found = values<O>({.fused = true}, [&](O& optimizer) {
    changes(optimizer, moved++);
    optimizer.rates_to_device();
    optimizer.step();
  });
  CHECK(found == expected);
}

TEST_CASE_TEMPLATE("a step that is left out changes nothing and does not count", O, lt::optim::SGD,
                   lt::optim::Adam, lt::optim::AdamW) {
  const auto expected = values<O>({.fused = true}, [](O& optimizer) { optimizer.step(); });
  const auto found = values<O>({.fused = true}, [](O& optimizer) {
    optimizer.step_unless(torch::ones({}));
    optimizer.step_unless(torch::zeros({}));
  });
  CHECK(found == expected);
}

TEST_CASE("momentum begins with the first step that is made") {
  const auto options = lt::optim::SGD::Options{.momentum = 0.9, .fused = true};
  const auto expected = values<lt::optim::SGD>(options, [](auto& optimizer) { optimizer.step(); });
  const auto found = values<lt::optim::SGD>(options, [](auto& optimizer) {
    optimizer.step_unless(torch::ones({}));
    optimizer.step_unless(torch::zeros({}));
  });
  CHECK(found == expected);
}

TEST_CASE("only fused optimizers") {
  at::Tensor param = torch::ones({2}).set_requires_grad(true);
  lt::optim::AdamW optimizer({param}, {.lr = 0.1});
  CHECK_FALSE(optimizer.all_fused());
  CHECK_THROWS_WITH_AS(
      optimizer.rates_to_device(),
      "lt[E890] AdamW: a step that is captured needs the fused kernels, which keep "
      "the count of steps on the device; found fused = false; expected true",
      lt::ConfigError);
}

TEST_CASE("a scaler that decides on the device makes and leaves out the same steps") {
  const auto run = [](bool on_device) {
    at::Tensor param = torch::ones({2}).set_requires_grad(true);
    lt::optim::AdamW optimizer({param}, {.lr = 0.125, .fused = true});
    lt::optim::GradScaler scaler({.init_scale = 8.0});
    scaler.decide_on_device(on_device);
    std::vector<double> out;
    for (const float factor : {1.0F, std::numeric_limits<float>::infinity(), 0.5F}) {
      optimizer.zero_grad();
      scaler.scale((param * factor).sum()).backward();
      scaler.step(optimizer);
      scaler.update();
      out.push_back(param[0].item<double>());
      out.push_back(scaler.get_scale());
    }
    return out;
  };
  const auto on_host = run(false);
  CHECK(run(true) == on_host);
  CHECK(on_host[0] == on_host[2]);  // left out
  CHECK(on_host[3] == 4.0);
}
