// SPDX-License-Identifier: Apache-2.0
// A second set of a model's weights: what the callbacks that average weights keep.
#pragma once

#include "lt/checkpoint/module_state.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/tensor.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// Copies of the parameters and buffers of a model, by name (modules without an owner cannot be
/// cloned). Weights that the model shares are shared here too. Valid as long as the model keeps the
/// tensors that are registered now; `bind` looks them up again.
/// Source: torch/optim/swa_utils.py, AveragedModel.
class AveragedWeights {
 public:
  /// Copies the weights of `model` to `device`, or to where they are.
  template <NamedParameters M>
  explicit AveragedWeights(const M& model, std::optional<Device> device = {}) {
    collect(model, [&](const std::string& name, const Tensor& live, bool is_buffer) {
      const auto twin = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.live.is_same(live);
      });
      const bool shared = twin != entries_.end();
      Tensor copy = shared ? twin->average : live.detach().clone();
      if (device && !shared) {
        copy = copy.to(*device);
      }
      entries_.push_back({name, live, std::move(copy), is_buffer, shared});
    });
  }

  /// Works on `model` from now on. Errors: lt::ConfigError for one with other weights.
  template <NamedParameters M>
  void bind(const M& model) {
    std::size_t i = 0;
    collect(model, [&](const std::string& name, const Tensor& live, bool) {
      if (i < entries_.size() && entries_[i].name == name) {
        entries_[i].live = live;
      } else {
        throw ConfigError(text("lt[E604] the averaged weights are those of another model: found ",
                               name, "; expected ",
                               i < entries_.size() ? entries_[i].name : std::string("no more")));
      }
      ++i;
    });
  }

  /// One more model into the average: `average(averaged, current, n)` gives the new value from the
  /// two and the number of models so far; the first is copied. `buffers`: whether buffers are
  /// averaged (`average`), copied or left alone.
  enum class Buffers : std::uint8_t { average, copy, leave };
  template <class Average>
  void update(Average&& average, Buffers buffers) {
    const c10::NoGradGuard no_grad;
    for (Entry& entry : entries_) {
      if (entry.shared || (entry.is_buffer && buffers == Buffers::leave)) {
        continue;
      }
      const Tensor current = entry.live.detach().to(entry.average.device());
      if (n_averaged == 0 || (entry.is_buffer && buffers == Buffers::copy)) {
        entry.average.copy_(current);
      } else {
        entry.average.copy_(average(std::as_const(entry.average), current, n_averaged));
      }
    }
    ++n_averaged;
  }

  /// Exchanges the average and the weights of the model.
  void swap() {
    const c10::NoGradGuard no_grad;
    for (Entry& entry : entries_) {
      if (!entry.shared) {
        const Tensor kept = entry.average.clone();
        entry.average.copy_(entry.live);
        entry.live.copy_(kept);
      }
    }
  }

  /// Gives the average to the model; with or without buffers.
  void copy_to_model(bool buffers) {
    const c10::NoGradGuard no_grad;
    for (Entry& entry : entries_) {
      if (buffers || !entry.is_buffer) {
        entry.live.copy_(entry.average);
      }
    }
  }

  /// The average as the model's `state_dict()` would be. The tensors share memory with this.
  checkpoint::Value state_dict() const {
    checkpoint::Dict dict;
    for (const Entry& entry : entries_) {
      dict[entry.name] = entry.average;
    }
    return dict;
  }
  /// Errors: lt::CheckpointError for weights that are missing (unless `strict` is false) or have
  /// another shape.
  void load_state_dict(const checkpoint::Value& state, bool strict = true) {
    const c10::NoGradGuard no_grad;
    for (Entry& entry : entries_) {
      const checkpoint::Value* saved = state.find(entry.name);
      if (saved == nullptr && !strict) {
        continue;
      }
      const Tensor value = saved != nullptr ? saved->as<Tensor>() : Tensor();
      if (!value.defined() || value.sizes() != entry.average.sizes()) {
        throw CheckpointError(
            text("lt[E605] averaged weights: ", entry.name, " is missing or has another shape; ",
                 "expected ", entry.average.sizes().vec()));
      }
      entry.average.copy_(value);
    }
  }

  std::int64_t n_averaged = 0;  ///< models in the average

 private:
  struct Entry {
    std::string name;
    Tensor live;
    Tensor average;
    bool is_buffer = false;
    bool shared = false;  // with an entry before it
  };

  template <NamedParameters M, class F>
  static void collect(const M& model, F&& f, const std::string& prefix = {}) {
    for (const auto& item : model.named_parameters(false)) {
      if (item.value().defined()) {
        f(prefix + item.key(), item.value(), false);
      }
    }
    for (const auto& item : model.named_buffers(false)) {
      if (item.value().defined()) {
        f(prefix + item.key(), item.value(), true);
      }
    }
    for (const auto& child : model.named_children()) {
      collect(*child.value(), f, prefix + child.key() + ".");
    }
  }

  std::vector<Entry> entries_;
};

/// The device that an option names; nothing for an empty text.
/// Errors: lt::ConfigError for a text that names none.
inline std::optional<Device> device_of(std::string_view name) {
  if (name.empty()) {
    return std::nullopt;
  }
  try {
    return Device(std::string(name));
  } catch (const std::exception&) {
    throw ConfigError(text("lt[E606] device = \"", name, "\" is no device; expected cpu, cuda, "
                           "cuda:1, ..., or nothing for the model's own"));
  }
}

}  // namespace lt
