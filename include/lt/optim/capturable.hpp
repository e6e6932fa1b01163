// SPDX-License-Identifier: Apache-2.0
// Steps of fused optimizers in which the host reads nothing and says nothing: learning rates and
// the verdict on a step are tensors.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/scalar_tensor_ops.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace lt::optim {

/// What a fused update takes from the device rather than from the host.
struct OnDevice {
  const at::Tensor* rate = nullptr;          ///< the learning rate
  const std::optional<at::Tensor>& verdict;  ///< 1: the step is left out
};

/// Mixin of optimizers with fused kernels (CRTP).
template <class Derived>
class CapturableSteps {
 public:
  static constexpr bool capturable = true;

  /// True if all groups take the fused kernels: only these can go without the host.
  bool all_fused() const {
    const auto& groups = self().param_groups();
    return std::all_of(groups.begin(), groups.end(),
                       [](const auto& group) { return group.options.fused; });
  }

  /// From now on steps take their learning rates from the device; called again whenever the groups'
  /// own may have changed. Errors: lt::ConfigError (E890) for an optimizer that is not fused.
  void rates_to_device() {
    auto& groups = self().param_groups();
    if (!all_fused()) {
      throw ConfigError(text("lt[E890] ", Derived::class_name,
                             ": a step that is captured needs the fused kernels, which keep the "
                             "count of steps on the device; found fused = false; expected true"));
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const double lr = groups[i].options.lr;
      if (i == rates_.size()) {
        const at::Device device = groups[i].params.at(0).device();
        rates_.emplace_back(
            lr, at::_ops::scalar_tensor::call(lr, at::kFloat, std::nullopt, device, std::nullopt));
      } else if (rates_[i].first != lr) {
        rates_[i].first = lr;
        rates_[i].second.fill_(lr);
      }
    }
  }

  /// Steps unless the number in `found_inf` is 1, which the kernels find out on the device.
  void step_unless(const at::Tensor& found_inf) {
    verdict_ = found_inf;
    try {
      self().step();
    } catch (...) {
      verdict_.reset();
      throw;
    }
    verdict_.reset();
  }

 protected:
  template <class Group>
  OnDevice on_device(const Group& group) const {
    const auto index = static_cast<std::size_t>(&group - self().param_groups().data());
    return {index < rates_.size() ? &rates_[index].second : nullptr, verdict_};
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  const Derived& self() const { return static_cast<const Derived&>(*this); }

  std::vector<std::pair<double, at::Tensor>> rates_;  // of each group, and what is on the device
  std::optional<at::Tensor> verdict_;
};

}  // namespace lt::optim
