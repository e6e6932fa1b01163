// SPDX-License-Identifier: Apache-2.0
// Loss scaling for float16. Source: torch/amp/grad_scaler.py.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"
#include "lt/optim/params.hpp"
#include "lt/tensor.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale_ops.h>
#include <ATen/ops/_amp_update_scale_ops.h>
#include <ATen/ops/scalar_tensor_ops.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::optim {

/// Python's defaults.
struct GradScalerOptions {
  double init_scale = 65536.0;
  double growth_factor = 2.0;   // more than 1
  double backoff_factor = 0.5;  // less than 1
  std::int64_t growth_interval = 2000;
};

/// What a checkpoint keeps of a GradScaler, under Python's names.
struct GradScalerState {
  double scale = 65536.0;
  double growth_factor = 2.0;
  double backoff_factor = 0.5;
  std::int64_t growth_interval = 2000;
  std::int64_t _growth_tracker = 0;
};

}  // namespace lt::optim

LT_REFLECT(lt::optim::GradScalerOptions, (init_scale, "first factor of the loss"),
           (growth_factor, "the factor grows by this"),
           (backoff_factor, "the factor shrinks by this after a step that was left out"),
           (growth_interval, "steps without an infinity until the factor grows"))
LT_REFLECT(lt::optim::GradScalerState, (scale, "factor of the loss"),
           (growth_factor, "the factor grows by this"),
           (backoff_factor, "the factor shrinks by this after a step that was left out"),
           (growth_interval, "steps without an infinity until the factor grows"),
           (_growth_tracker, "steps without an infinity so far"))

namespace lt::optim {

/// Multiplies the loss, so that small gradients do not vanish in float16, and finds the factor by
/// trying: it grows while all gradients are finite and shrinks when one is not, and leaves out that
/// step.
///
///   scaler.scale(loss).backward();
///   scaler.unscale_(optimizer);  // before gradients are clipped; else step() does it
///   scaler.step(optimizer);
///   scaler.update();
///
/// One number per step goes to the host: whether all gradients were finite; none with a fused
/// optimizer on another device.
/// Errors: lt::ConfigError for calls in another order, and for float16 parameters.
class GradScaler {
 public:
  using Options = GradScalerOptions;

  explicit GradScaler(Options options = {}) : options_(options) {
    if (!(options.init_scale > 0.0) || !(options.growth_factor > 1.0) ||
        !(options.backoff_factor < 1.0) || options.growth_interval < 1) {
      throw ConfigError(text("lt[E173] GradScaler: init_scale = ", options.init_scale,
                             ", growth_factor = ", options.growth_factor,
                             ", backoff_factor = ", options.backoff_factor,
                             ", growth_interval = ", options.growth_interval,
                             "; expected more than 0, more than 1, less than 1, 1 or more"));
    }
  }

  /// The loss to call `backward` on.
  Tensor scale(const Tensor& loss) {
    if (!scale_.defined()) {
      scale_ = number(options_.init_scale, at::kFloat, loss.device());
      tracker_ = number(static_cast<double>(first_tracker_), at::kInt, loss.device());
    }
    return loss.mul(scale_.device() == loss.device() ? scale_ : scale_.to(loss.device()));
  }

  /// Divides the gradients of an optimizer's parameters by the factor, once between two updates.
  template <class O>
  void unscale_(O& optimizer) {
    require_scaled("unscale_");
    Checked& checked = checked_for(&optimizer);
    if (checked.stage != Stage::ready) {
      throw ConfigError(text("lt[E174] GradScaler: unscale_ was called ",
                             checked.stage == Stage::unscaled ? "twice" : "after step",
                             " for one optimizer; expected one call before step and update"));
    }
    unscale_gradients(optimizer, checked);
    checked.stage = Stage::unscaled;
  }

  /// Calls `advance()`, which moves the optimizer, if all of its gradients are finite; true if so.
  /// With an optimizer that is fused the device itself finds out, so that the host need not wait:
  /// then true, and `advance` is not called.
  template <class O, class F>
  bool step(O& optimizer, F&& advance) {
    require_scaled("step");
    if (checked_for(&optimizer).stage == Stage::ready) {
      unscale_(optimizer);
    }
    Checked& checked = checked_for(&optimizer);
    if (checked.stage == Stage::stepped) {
      throw ConfigError("lt[E174] GradScaler: step was called twice; expected update in between");
    }
    if (checked.found_inf.empty()) {
      throw ConfigError(
          "lt[E175] GradScaler: no parameter of the optimizer has a gradient; "
          "expected a backward pass of the scaled loss before step");
    }
    checked.stage = Stage::stepped;
    if constexpr (requires { optimizer.step_unless(Tensor()); }) {
      if (optimizer.all_fused() && (on_device_ || !checked.found_inf[0].is_cpu())) {
        optimizer.step_unless(verdict(checked));
        return true;
      }
    }
    const bool finite = std::ranges::none_of(
        checked.found_inf, [](const Tensor& found) { return found.item().toDouble() != 0.0; });
    if (finite) {
      advance();
    } else {
      left_out_ = true;
    }
    return finite;
  }
  template <class O>
  bool step(O& optimizer) {
    return step(optimizer, [&] { optimizer.step(); });
  }

  /// Lets the factor grow or shrink, after the steps of all optimizers; or sets it.
  void update(std::optional<double> new_scale = {}) {
    require_scaled("update");
    if (new_scale) {
      scale_.fill_(*new_scale);
    } else {
      Tensor found;
      for (const Checked& checked : checked_) {
        for (const Tensor& one : checked.found_inf) {
          found = found.defined() ? found.add(one.to(scale_.device())) : one.to(scale_.device());
        }
      }
      if (!found.defined()) {
        throw ConfigError(
            "lt[E175] GradScaler: update was called before step; expected step "
            "first");
      }
      at::_ops::_amp_update_scale_::call(scale_, tracker_, found, options_.growth_factor,
                                         options_.backoff_factor, options_.growth_interval);
    }
    checked_.clear();
    // The factor is read only while something is wrong.
    if (std::exchange(left_out_, false) || steps_at_floor_ > 0) {
      steps_at_floor_ = get_scale() < 1.0 ? steps_at_floor_ + 1 : 0;
    }
  }

  /// With fused optimizers the host asks nothing, also where asking costs nothing (on the CPU); on
  /// other devices it never does.
  void decide_on_device(bool on) { on_device_ = on; }

  /// The factor. Waits for the device.
  double get_scale() const {
    return scale_.defined() ? scale_.item().toDouble() : options_.init_scale;
  }
  /// For how many updates the factor has been below 1, where scaling only loses digits: the
  /// gradients are most likely not finite at any factor.
  std::int64_t steps_at_floor() const { return steps_at_floor_; }

  GradScalerState state_dict() const {
    return {get_scale(), options_.growth_factor, options_.backoff_factor, options_.growth_interval,
            tracker_.defined() ? tracker_.item().toLong() : first_tracker_};
  }
  void load_state_dict(const GradScalerState& state) {
    options_ = {state.scale, state.growth_factor, state.backoff_factor, state.growth_interval};
    first_tracker_ = state._growth_tracker;
    if (scale_.defined()) {
      scale_.fill_(state.scale);
      tracker_.fill_(state._growth_tracker);
    }
  }

 private:
  enum class Stage : std::uint8_t { ready, unscaled, stepped };
  // One optimizer between two updates.
  struct Checked {
    const void* optimizer = nullptr;
    Stage stage = Stage::ready;
    std::vector<Tensor> found_inf;  // for each device and type: 0 if all gradients are finite
  };

  static Tensor number(double value, at::ScalarType type, Device device) {
    return at::_ops::scalar_tensor::call(value, type, std::nullopt, device, std::nullopt);
  }

  void require_scaled(std::string_view call) const {
    if (!scale_.defined()) {
      throw ConfigError(text("lt[E174] GradScaler: ", call,
                             " was called before scale; expected scale(loss).backward() first"));
    }
  }

  Checked& checked_for(const void* optimizer) {
    for (Checked& checked : checked_) {
      if (checked.optimizer == optimizer) {
        return checked;
      }
    }
    return checked_.emplace_back(Checked{optimizer, Stage::ready, {}});
  }

  // 1 if any gradient is not finite.
  static Tensor verdict(const Checked& checked) {
    Tensor all = checked.found_inf[0];
    for (std::size_t i = 1; i < checked.found_inf.size(); ++i) {
      all = all.add(checked.found_inf[i].to(all.device())).clamp(0, 1);
    }
    return all;
  }

  template <class O>
  void unscale_gradients(O& optimizer, Checked& checked) {
    const c10::NoGradGuard no_grad;
    params_.clear();
    collect_params(optimizer, params_);
    std::vector<Tensor> rest;
    for (const Tensor& param : params_) {
      const Tensor& grad = param.grad();
      if (grad.defined()) {
        if (grad.scalar_type() == at::kHalf) {
          throw ConfigError(
              "lt[E176] GradScaler: a parameter and its gradient are float16; "
              "expected float32 parameters under 16-mixed (float16 ones go with "
              "16-true)");
        }
        rest.push_back(grad.is_sparse() ? grad._values() : grad);
      }
    }
    params_.clear();
    // The reciprocal in double, as in Python.
    const Tensor inverse = scale_.to(at::kDouble).reciprocal().to(at::kFloat);
    // The kernel takes tensors of one device and type.
    while (!rest.empty()) {
      const Device device = rest.front().device();
      const at::ScalarType type = rest.front().scalar_type();
      std::vector<Tensor> alike;
      std::vector<Tensor> others;
      for (Tensor& grad : rest) {
        const bool like = grad.device() == device && grad.scalar_type() == type;
        (like ? alike : others).push_back(std::move(grad));
      }
      Tensor found = number(0.0, at::kFloat, device);
      at::_ops::_amp_foreach_non_finite_check_and_unscale_::call(alike, found, inverse.to(device));
      checked.found_inf.push_back(found);
      rest = std::move(others);
    }
  }

  Options options_;
  std::int64_t first_tracker_ = 0;
  Tensor scale_;    // 0-dimensional float32, made with the first loss on its device
  Tensor tracker_;  // 0-dimensional int32: steps in a row without an infinity
  std::vector<Checked> checked_;
  std::vector<Tensor> params_;  // kept for its memory
  bool left_out_ = false;
  bool on_device_ = false;
  std::int64_t steps_at_floor_ = 0;
};

}  // namespace lt::optim
