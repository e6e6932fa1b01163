// SPDX-License-Identifier: Apache-2.0
// The texts of `lt-ckpt show` and `lt-ckpt diff`.
#pragma once

#include "leaves.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tool {

/// Where the run stood, the size of its weights, and every leaf in a line of its own.
inline std::string show(const Value& tree) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& what) {
    out += lt::text(name, ": ", what, "\n");
  };
  for (const char* key : {"pytorch-lightning_version", "epoch", "global_step"}) {
    if (const Value* value = tree.find(key)) {
      line(key, describe(*value));
    }
  }
  if (const Value* weights = tree.find("state_dict")) {
    std::int64_t numbers = 0;
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (const Leaf& leaf : leaves_of(*weights)) {
      if (leaf.value->is_tensor()) {
        const auto& tensor = leaf.value->as<at::Tensor>();
        numbers += tensor.numel();
        bytes += tensor.nbytes();
        ++count;
      }
    }
    line("weights", lt::text(count, " tensors, ", numbers, " numbers, ", bytes, " bytes"));
  }
  const auto leaves = leaves_of(tree);
  std::size_t width = 0;
  for (const Leaf& leaf : leaves) {
    width = std::max(width, std::min<std::size_t>(leaf.path.size(), 60));
  }
  out += "\n";
  for (const Leaf& leaf : leaves) {
    const std::size_t gap = width > leaf.path.size() ? width - leaf.path.size() : 0;
    out += lt::text(leaf.path, std::string(gap + 2, ' '), describe(*leaf.value), "\n");
  }
  return out;
}

/// By how much two tensors of one shape differ.
inline std::string difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes() || a.is_complex()) {
    return {};
  }
  const at::Tensor x = a.to(at::kDouble).contiguous();
  const at::Tensor y = b.to(at::kDouble).contiguous();
  std::int64_t different = 0;
  double largest = 0.0;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double gap = std::abs(x.const_data_ptr<double>()[i] - y.const_data_ptr<double>()[i]);
    if (gap != 0.0) {
      ++different;
      largest = std::isnan(gap) || gap > largest ? gap : largest;
    }
  }
  return lt::text(": ", different, " of ", x.numel(), " numbers differ, by at most ", largest);
}

/// What is in the first tree only (-), in the second only (+), and in both but different (~), one
/// line each; empty if there is no difference.
inline std::string diff(const Value& first, const Value& second) {
  std::map<std::string, const Value*> others;
  for (const Leaf& leaf : leaves_of(second)) {
    others[leaf.id] = leaf.value;
  }
  std::string out;
  for (const Leaf& leaf : leaves_of(first)) {
    const auto other = others.find(leaf.id);
    if (other == others.end()) {
      out += lt::text("- ", leaf.path, "  ", describe(*leaf.value), "\n");
      continue;
    }
    const Value& there = *other->second;
    others.erase(other);
    if (same(*leaf.value, there)) {
      continue;
    }
    const std::string before = describe(*leaf.value);
    const std::string after = describe(there);
    out += lt::text("~ ", leaf.path, "  ", before);
    if (before != after) {
      out += lt::text(" -> ", after);
    } else if (leaf.value->is_tensor()) {
      out += difference(leaf.value->as<at::Tensor>(), there.as<at::Tensor>());
    }
    out += "\n";
  }
  for (const Leaf& leaf : leaves_of(second)) {
    if (others.contains(leaf.id)) {
      out += lt::text("+ ", leaf.path, "  ", describe(*leaf.value), "\n");
    }
  }
  return out;
}

}  // namespace tool
