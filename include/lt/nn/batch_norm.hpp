// SPDX-License-Identifier: Apache-2.0
// What the callbacks do to batch normalization. Includes its layers, so it is behind no light door.
#pragma once

#include <ATen/core/grad_mode.h>

#include <torch/nn/modules/batchnorm.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace lt::nn {

/// Calls `f(module)` for `module` and all below it, each once, those above first. (LibTorch's own
/// `modules()` refuses an object that no shared_ptr owns.)
template <class F>
void for_each_module(torch::nn::Module& module, F&& f) {
  std::vector<torch::nn::Module*> seen;
  const auto walk = [&](auto& self, torch::nn::Module& at) -> void {
    if (std::find(seen.begin(), seen.end(), &at) != seen.end()) {
      return;
    }
    seen.push_back(&at);
    f(at);
    for (const auto& child : at.named_children()) {
      self(self, *child.value());
    }
  };
  walk(walk, module);
}

/// Calls `f(layer)` with the layer's own type if `module` is a batch normalization; says if it is.
/// A module hides its children's types, so they are asked for at run time: when a fit starts, when
/// layers are frozen and when statistics are begun or ended, never in a step.
template <class F>
bool visit_batch_norm(torch::nn::Module& module, F&& f) {
  const auto visit = [&](auto* layer) {
    if (layer != nullptr) {
      f(*layer);
    }
    return layer != nullptr;
  };
  return visit(dynamic_cast<torch::nn::BatchNorm1dImpl*>(&module)) ||
         visit(dynamic_cast<torch::nn::BatchNorm2dImpl*>(&module)) ||
         visit(dynamic_cast<torch::nn::BatchNorm3dImpl*>(&module));
}
inline bool is_batch_norm(torch::nn::Module& module) {
  return visit_batch_norm(module, [](auto&) {});
}
inline bool has_batch_norm(torch::nn::Module& module) {
  bool found = false;
  for_each_module(module, [&](torch::nn::Module& at) { found = found || is_batch_norm(at); });
  return found;
}

/// Lets the running statistics of a layer move or rest, as Python's `track_running_stats` does
/// after construction: at rest, training still normalizes by the batch and evaluation by the
/// statistics. LibTorch's flag of that name means something else there, so it is the momentum that
/// becomes too small to have an effect: scaled by a power of two, hence exactly restored.
inline void set_track_running_stats(torch::nn::Module& module, bool track) {
  constexpr int shift = 900;
  visit_batch_norm(module, [&](auto& layer) {
    const std::optional<double> momentum = layer.options.momentum();
    const bool at_rest =
        momentum && *momentum != 0.0 && std::abs(*momentum) < std::ldexp(1.0, -shift / 2);
    if (track && at_rest) {
      // A negative one stands for "none", the cumulative average.
      layer.options.momentum(*momentum < 0.0 ? std::nullopt
                                             : std::optional(std::ldexp(*momentum, shift)));
    } else if (!track && !at_rest) {
      layer.options.momentum(std::ldexp(momentum.value_or(-1.0), -shift));
    }
  });
}

/// The running statistics of a model as plain means over the batches to come.
class CumulativeBatchNorm {
 public:
  /// Forgets the statistics of all layers of `module` and gathers new ones until `restore`.
  void start(torch::nn::Module& module) {
    const c10::NoGradGuard no_grad;
    for_each_module(module, [&](torch::nn::Module& at) {
      visit_batch_norm(at, [&](auto& layer) {
        if (layer.running_mean.defined()) {
          layer.running_mean.zero_();
          layer.running_var.fill_(1);
          layer.num_batches_tracked.zero_();
          momenta_.emplace_back(&layer.options, layer.options.momentum());
          layer.options.momentum(std::nullopt);
        }
      });
    });
  }
  /// Gives the layers their momentum back.
  void restore() {
    for (const auto& [options, momentum] : momenta_) {
      options->momentum(momentum);
    }
    momenta_.clear();
  }

 private:
  std::vector<std::pair<torch::nn::BatchNormOptions*, std::optional<double>>> momenta_;
};

}  // namespace lt::nn
