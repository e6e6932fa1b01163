// SPDX-License-Identifier: Apache-2.0
// The loss scale: growth, backoff, steps that are left out, and calls in a wrong order.
#include "lt/optim/grad_scaler.hpp"

#include "lt/optim/optimizers.hpp"

#include "doctest_torch.hpp"

#include <torch/torch.h>

#include <cmath>
#include <limits>

namespace {

using lt::optim::GradScaler;

constexpr float infinity = std::numeric_limits<float>::infinity();

/// One parameter of value 1 under SGD with lr = 1.
struct Setup {
  at::Tensor param = torch::ones({2}).set_requires_grad(true);
  lt::optim::SGD optimizer{{param}, {.lr = 1.0}};

  /// One step with loss = factor * sum(param); true if it was made.
  bool step(GradScaler& scaler, float factor) {
    optimizer.zero_grad();
    scaler.scale((param * factor).sum()).backward();
    const bool made = scaler.step(optimizer);
    scaler.update();
    return made;
  }
};

TEST_CASE("the loss is multiplied, the gradients are divided") {
  Setup s;
  GradScaler scaler{{.init_scale = 8.0}};
  const at::Tensor loss = (s.param * 0.25F).sum();
  CHECK(scaler.scale(loss).item<float>() == 4.0F);
  scaler.scale(loss).backward();
  CHECK(s.param.grad()[0].item<float>() == 2.0F);
  scaler.unscale_(s.optimizer);
  CHECK(s.param.grad()[0].item<float>() == 0.25F);
  CHECK(scaler.step(s.optimizer));
  CHECK(s.param[0].item<float>() == 0.75F);
}

TEST_CASE("a step with an infinite gradient is left out and the scale shrinks") {
  Setup s;
  GradScaler scaler{{.init_scale = 8.0, .backoff_factor = 0.25}};
  CHECK_FALSE(s.step(scaler, infinity));
  CHECK(s.param[0].item<float>() == 1.0F);
  CHECK(scaler.get_scale() == 2.0);
  CHECK_FALSE(s.step(scaler, std::nanf("")));
  CHECK(scaler.get_scale() == 0.5);
  CHECK(s.step(scaler, 0.5F));
  CHECK(s.param[0].item<float>() == 0.5F);
}

TEST_CASE("the scale grows after growth_interval good steps in a row") {
  Setup s;
  GradScaler scaler{{.init_scale = 4.0, .growth_interval = 3}};
  CHECK(s.step(scaler, 0.01F));
  CHECK(s.step(scaler, 0.01F));
  CHECK_FALSE(s.step(scaler, infinity));  // the count starts again
  CHECK(scaler.get_scale() == 2.0);
  CHECK(s.step(scaler, 0.01F));
  CHECK(s.step(scaler, 0.01F));
  CHECK(scaler.get_scale() == 2.0);
  CHECK(s.step(scaler, 0.01F));
  CHECK(scaler.get_scale() == 4.0);
}

TEST_CASE("one optimizer with an infinity does not stop the other, but the scale shrinks") {
  Setup good;
  Setup bad;
  GradScaler scaler{{.init_scale = 4.0}};
  scaler.scale((good.param * 0.5F).sum()).backward();
  scaler.scale((bad.param * infinity).sum()).backward();
  CHECK(scaler.step(good.optimizer));
  CHECK_FALSE(scaler.step(bad.optimizer));
  scaler.update();
  CHECK(good.param[0].item<float>() == 0.5F);
  CHECK(scaler.get_scale() == 2.0);
}

TEST_CASE("gradients of several types are unscaled and looked at") {
  const at::Tensor a = torch::ones({2}).set_requires_grad(true);
  const at::Tensor b = torch::ones({2}, at::kDouble).set_requires_grad(true);
  lt::optim::SGD optimizer{{a, b}, {.lr = 1.0}};
  GradScaler scaler{{.init_scale = 4.0}};
  scaler.scale(a.sum() + b.sum()).backward();
  scaler.unscale_(optimizer);
  CHECK(a.grad()[0].item<float>() == 1.0F);
  CHECK(b.grad()[0].item<double>() == 1.0);
  b.grad()[1] = infinity;
  scaler.update(2.0);
  CHECK(scaler.get_scale() == 2.0);
  CHECK_FALSE(scaler.step(optimizer));
}

TEST_CASE("the state of Python's GradScaler comes and goes") {
  Setup s;
  GradScaler scaler{{.init_scale = 4.0, .growth_interval = 3}};
  s.step(scaler, 0.01F);
  s.step(scaler, 0.01F);
  const auto state = scaler.state_dict();
  CHECK(state.scale == 4.0);
  CHECK(state.growth_interval == 3);
  CHECK(state._growth_tracker == 2);

  Setup t;
  GradScaler other;
  other.load_state_dict(state);
  CHECK(other.state_dict()._growth_tracker == 2);
  t.step(other, 0.01F);
  CHECK(other.get_scale() == 8.0);

  GradScaler running;
  t.step(running, 0.01F);
  running.load_state_dict(state);
  CHECK(running.get_scale() == 4.0);
  t.step(running, 0.01F);
  CHECK(running.get_scale() == 8.0);
}

TEST_CASE("steps with a scale below one are counted until it has grown again") {
  Setup s;
  GradScaler scaler{{.init_scale = 1.0, .growth_interval = 2}};
  CHECK(scaler.steps_at_floor() == 0);
  s.step(scaler, infinity);
  s.step(scaler, infinity);
  CHECK(scaler.steps_at_floor() == 2);
  for (int i = 0; i < 4; ++i) {
    s.step(scaler, 0.01F);
  }
  CHECK(scaler.get_scale() == 1.0);
  CHECK(scaler.steps_at_floor() == 0);
}

TEST_CASE("calls in another order are errors") {
  Setup s;
  GradScaler scaler;
  CHECK_THROWS_AS(scaler.unscale_(s.optimizer), lt::ConfigError);  // before scale
  CHECK_THROWS_AS(scaler.update(), lt::ConfigError);
  scaler.scale(s.param.sum());
  CHECK_THROWS_AS(scaler.update(), lt::ConfigError);             // nothing was checked
  CHECK_THROWS_AS(scaler.step(s.optimizer), lt::ConfigError);    // no gradients
  Setup t;
  scaler = GradScaler();
  scaler.scale(t.param.sum()).backward();
  scaler.unscale_(t.optimizer);
  CHECK_THROWS_AS(scaler.unscale_(t.optimizer), lt::ConfigError);  // twice
  scaler.step(t.optimizer);
  CHECK_THROWS_AS(scaler.step(t.optimizer), lt::ConfigError);      // twice
  CHECK_THROWS_AS(scaler.unscale_(t.optimizer), lt::ConfigError);  // after step
}

TEST_CASE("options out of range and float16 parameters are errors") {
  CHECK_THROWS_AS((GradScaler{{.growth_factor = 1.0}}), lt::ConfigError);
  CHECK_THROWS_AS((GradScaler{{.backoff_factor = 1.0}}), lt::ConfigError);
  CHECK_THROWS_AS((GradScaler{{.init_scale = 0.0}}), lt::ConfigError);
  const at::Tensor half = torch::ones({2}, at::kHalf).set_requires_grad(true);
  lt::optim::SGD optimizer{{half}, {.lr = 1.0}};
  GradScaler scaler{{.init_scale = 2.0}};
  scaler.scale(half.sum()).backward();
  CHECK_THROWS_AS(scaler.unscale_(optimizer), lt::ConfigError);
}

}  // namespace
