// SPDX-License-Identifier: Apache-2.0
// ModelSummary: the layers of a model and their parameters, shown before training.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/console.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/callback.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// A module whose layers can be walked, as torch::nn::Module. (Its `modules()` throws for an object
/// that no shared_ptr owns; the children can always be asked for.)
template <class M>
concept ModuleTree = requires(const M& module) {
  { module.name() } -> std::convertible_to<std::string>;
  { module.is_training() } -> std::convertible_to<bool>;
  module.named_children();
  module.named_parameters(false);
};

/// One row of a summary.
struct LayerSummary {
  std::string name;
  std::string type;
  std::int64_t parameters = 0;
  bool training = true;
};

/// What a model consists of.
struct Summary {
  std::vector<LayerSummary> layers;
  std::int64_t trainable = 0;
  std::int64_t total = 0;
  std::int64_t other = 0;  // parameters of the model itself, not of a layer
  std::int64_t bytes = 0;
  std::int64_t modules_in_train_mode = 0;
  std::int64_t modules_in_eval_mode = 0;
};

/// `123  `, `1.2 K`, `400 T`. Source: Lightning, `get_human_readable_count`.
inline std::string human_count(std::int64_t number) {
  constexpr char units[] = {' ', 'K', 'M', 'B', 'T'};
  const std::size_t digits = std::to_string(number).size();
  const std::size_t group = std::min<std::size_t>((digits + 2) / 3, std::size(units)) - 1;
  const double scaled =
      static_cast<double>(number) * std::pow(10.0, -3.0 * static_cast<double>(group));
  if (group > 0 && scaled < 100.0) {
    return python_format(scaled, ".1f") + " " + units[group];
  }
  std::string whole = text(static_cast<std::int64_t>(scaled));
  for (std::size_t at = whole.size(); at > 3;) {
    at -= 3;
    whole.insert(at, ",");
  }
  return whole + " " + units[group];
}

namespace detail {

/// `torch::nn::LinearImpl` is a Linear.
inline std::string layer_type(std::string name) {
  const std::size_t arguments = name.find('<');
  const std::size_t colons = name.rfind("::", arguments);
  name.erase(0, colons == std::string::npos ? 0 : colons + 2);
  if (name.size() > 4 && name.ends_with("Impl")) {
    name.resize(name.size() - 4);
  }
  return name;
}

/// Counts each parameter once.
struct ParameterCount {
  std::set<const void*> seen;
  std::int64_t total = 0;
  std::int64_t trainable = 0;
  std::int64_t bytes = 0;

  template <ModuleTree M>
  void add(const M& module) {
    for (const auto& item : module.named_parameters(false)) {
      const auto& parameter = item.value();
      if (parameter.defined() && seen.insert(parameter.unsafeGetTensorImpl()).second) {
        total += parameter.numel();
        trainable += parameter.requires_grad() ? parameter.numel() : 0;
        bytes += parameter.numel() * static_cast<std::int64_t>(parameter.element_size());
      }
    }
    for (const auto& child : module.named_children()) {
      add(*child.value());
    }
  }
};

struct SummaryWalk {
  Summary* out;
  std::int64_t max_depth;
  std::set<const void*> seen;

  template <ModuleTree M>
  void children(const M& module, const std::string& prefix, std::int64_t depth) {
    for (const auto& item : module.named_children()) {
      const auto& child = *item.value();
      if (!seen.insert(&child).second) {
        continue;
      }
      ++(child.is_training() ? out->modules_in_train_mode : out->modules_in_eval_mode);
      const std::string name = prefix + item.key();
      if (max_depth == -1 || depth <= max_depth) {
        ParameterCount count;
        count.add(child);
        out->layers.push_back({name, layer_type(child.name()), count.total, child.is_training()});
      }
      children(child, name + ".", depth + 1);
    }
  }
};

}  // namespace detail

/// The layers of `module` down to `max_depth` (-1: all, 0: none), and its totals.
template <ModuleTree M>
Summary summarize(const M& module, std::int64_t max_depth = 1) {
  Summary out;
  detail::SummaryWalk{&out, max_depth, {}}.children(module, "", 1);
  detail::ParameterCount of_layers;
  for (const auto& child : module.named_children()) {
    of_layers.add(*child.value());
  }
  detail::ParameterCount all;
  all.add(module);
  out.trainable = all.trainable;
  out.total = all.total;
  out.bytes = all.bytes;
  out.other = all.total - of_layers.total;
  return out;
}

/// Lightning's table. Floating-point operations are not counted, so they have no column.
inline std::string summary_table(const Summary& summary) {
  constexpr std::size_t columns = 5;
  std::vector<std::vector<std::string>> rows = {{" ", "Name", "Type", "Params", "Mode"}};
  for (const LayerSummary& layer : summary.layers) {
    rows.push_back({text(rows.size() - 1), layer.name, layer.type, human_count(layer.parameters),
                    layer.training ? "train" : "eval"});
  }
  if (summary.other > 0) {
    rows.push_back({" ", "other params", "n/a", human_count(summary.other), "n/a"});
  }
  const auto padded = [](std::string cell, std::size_t width) {
    cell.resize(std::max(cell.size(), width), ' ');
    return cell;
  };
  std::vector<std::size_t> widths(columns, 0);
  std::size_t line = 3 * (columns + 1);
  for (std::size_t i = 0; i < columns; ++i) {
    for (const auto& row : rows) {
      widths[i] = std::max(widths[i], row[i].size());
    }
    line += widths[i];
  }
  const std::string rule = std::string(line, '-') + "\n";
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < columns; ++i) {
      out += (i == 0 ? "" : " | ") + padded(rows[r][i], widths[i]);
    }
    out += r == 0 ? "\n" + rule : "\n";
  }
  std::string megabytes = python_format(static_cast<double>(summary.bytes) * 1e-6, ".3f");
  for (std::size_t at = megabytes.size() - 4; at > 3;) {
    at -= 3;
    megabytes.insert(at, ",");
  }
  const std::pair<std::string, std::string_view> totals[] = {
      {human_count(summary.trainable), "Trainable params"},
      {human_count(summary.total - summary.trainable), "Non-trainable params"},
      {human_count(summary.total), "Total params"},
      {megabytes, "Total estimated model params size (MB)"},
      {text(summary.modules_in_train_mode), "Modules in train mode"},
      {text(summary.modules_in_eval_mode), "Modules in eval mode"}};
  out += rule;
  for (const auto& [value, what] : totals) {
    out += text(padded(value, 10), what, "\n");
  }
  return out;
}

/// Lightning's argument of `ModelSummary`.
struct ModelSummaryOptions {
  std::int64_t max_depth = 1;
};

}  // namespace lt

LT_REFLECT(lt::ModelSummaryOptions, (max_depth, "levels of layers to show; -1: all, 0: no summary"))

LT_CHECKS(lt::ModelSummaryOptions,
          LT_CHECK(E350, max_depth, o.max_depth >= -1, "must be -1 (all), 0 (no summary) or more"))

namespace lt {

/// Prints the table once, at the start of fit, on rank zero. A model without torch::nn layers has
/// no summary. Source: Lightning, callbacks/model_summary.py.
class ModelSummary {
 public:
  using Options = ModelSummaryOptions;
  static constexpr std::string_view name = "ModelSummary";
  static constexpr DefaultPart substitute = DefaultPart::model_summary;

  ModelSummary() = default;
  explicit ModelSummary(Options options) : options_(options) { validate(options_, name); }

  const Options& options() const { return options_; }
  void set_console(Console console) { console_ = console; }

  template <class Context>
  void on_fit_start(Context& ctx) {
    if (options_.max_depth == 0 || !ctx.is_global_zero()) {
      return;
    }
    auto& model = ctx.model();
    if constexpr (ModuleTree<std::remove_cvref_t<decltype(model)>>) {
      console_.write(summary_table(summarize(model, options_.max_depth)));
    } else if constexpr (requires { requires ModuleTree<std::remove_cvref_t<decltype(*model)>>; }) {
      console_.write(summary_table(summarize(*model, options_.max_depth)));  // a module holder
    }
  }

 private:
  Options options_;
  Console console_;
};

}  // namespace lt
