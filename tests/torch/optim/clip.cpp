// SPDX-License-Identifier: Apache-2.0
// Gradient clipping against Python's, bit for bit.
#include "lt/optim/clip.hpp"

#include "support.hpp"

#include "doctest_torch.hpp"

#include <limits>

namespace {

using namespace lt::optim;
using namespace optim_test;

const std::vector<Recorded> python = {
#include "../../recorded/optim/clip.inc"
};

template <class Clip>
void check(std::string_view name, at::ScalarType dtype, Clip clip) {
  CAPTURE(name);
  const auto& expected = recorded(python, name);
  std::vector<at::Tensor> ps = params(dtype);
  for (int step = 0; step < steps; ++step) {
    CAPTURE(step);
    set_grads(ps, step);
    Hash hash;
    if (const at::Tensor norm = clip(ps); norm.defined()) {
      hash.add(norm);
    }
    for (const at::Tensor& param : ps) {
      if (param.grad().defined()) {
        hash.add(param.grad());
      }
    }
    REQUIRE(hash.value() == expected[static_cast<std::size_t>(step)]);
  }
}

TEST_SUITE_BEGIN("clipping against Python" * doctest::skip(!same_kernels()));

TEST_CASE("clip_grad_norm_ equals Python's") {
  check("norm", torch::kFloat, [](auto& ps) { return clip_grad_norm_(ps, 1.5); });
  check("norm large", torch::kFloat, [](auto& ps) { return clip_grad_norm_(ps, 100.0); });
  check("norm 1", torch::kDouble, [](auto& ps) { return clip_grad_norm_(ps, 3.0, 1.0); });
  check("norm bfloat16", torch::kBFloat16, [](auto& ps) { return clip_grad_norm_(ps, 1.3); });
  check("norm inf", torch::kFloat,
        [](auto& ps) { return clip_grad_norm_(ps, 0.4, std::numeric_limits<double>::infinity()); });
}

TEST_CASE("clip_grad_value_ equals Python's") {
  check("value", torch::kFloat, [](auto& ps) {
    clip_grad_value_(ps, 0.3);
    return at::Tensor();
  });
}

TEST_SUITE_END();

TEST_CASE("clipping without any gradient does nothing") {
  const std::vector<at::Tensor> ps = params(torch::kFloat);
  CHECK(clip_grad_norm_(ps, 1.0).item<double>() == 0.0);
  clip_grad_value_(ps, 1.0);
  CHECK(!ps[0].grad().defined());
}

TEST_CASE("a norm that is not finite is an error only if asked for") {
  std::vector<at::Tensor> ps = params(torch::kFloat);
  set_grads(ps, 0);
  ps[0].grad().fill_(std::numeric_limits<float>::infinity());
  CHECK_THROWS_WITH_AS(clip_grad_norm_(ps, 1.0, 2.0, true),
                       doctest::Contains("norm of the gradients is not finite"), lt::Error);
  CHECK(std::isinf(clip_grad_norm_(ps, 1.0).item<double>()));
}

}  // namespace
