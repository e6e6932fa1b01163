// SPDX-License-Identifier: Apache-2.0
// The optimizers and schedules of a case.
#pragma once

#include "values.hpp"

#include "lt/optim/configured.hpp"
#include "lt/optim/lr_scheduler/any_lr.hpp"
#include "lt/optim/optimizers.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace torch::nn {
class Module;
}

namespace conformance {

/// An optimizer chosen at run time that counts its steps.
class CountedOptimizer : public lt::optim::AnyOptimizer {
  using Base = lt::optim::AnyOptimizer;

 public:
  template <class O>
  CountedOptimizer(O optimizer, std::shared_ptr<std::int64_t> count)
      : Base(std::move(optimizer)), count_(std::move(count)) {}

  void step() {
    Base::step();
    ++*count_;
  }
  template <std::invocable F>
  auto step(F&& closure) {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      Base::step(std::forward<F>(closure));
      ++*count_;
    } else {
      auto result = Base::step(std::forward<F>(closure));
      ++*count_;
      return result;
    }
  }

 private:
  std::shared_ptr<std::int64_t> count_;
};

using Schedule = lt::Schedule<lt::optim::AnyLR>;
using Configured = std::pair<std::vector<CountedOptimizer>, std::vector<Schedule>>;

/// What the module's `optimizer` describes: none, one or several.
std::vector<CountedOptimizer> make_optimizers(const torch::nn::Module& module, const Json& specs,
                                              std::vector<std::shared_ptr<std::int64_t>>& counts);

/// `estimated` answers for `"total_steps": "estimated"`.
std::vector<Schedule> make_schedules(const Json& specs,
                                     const std::function<std::int64_t()>& estimated);

}  // namespace conformance
