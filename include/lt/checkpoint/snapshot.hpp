// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/value.hpp"

#include <ATen/core/Tensor.h>

#include <utility>

namespace lt::checkpoint {

/// A copy of the tree that nothing changes later: its tensors have memory of their own, on the CPU.
inline Value snapshot(const Value& tree) {
  if (tree.is_tensor()) {
    const at::Tensor& tensor = tree.as<at::Tensor>();
    const at::Tensor plain = tensor.detach();
    return plain.is_cpu() ? plain.clone() : plain.cpu();
  }
  if (tree.is_list()) {
    List list;
    for (const Value& item : tree.list()) {
      list.push_back(snapshot(item));
    }
    return list;
  }
  if (tree.is_dict()) {
    Dict dict;
    for (const Entry& entry : tree.dict()) {
      dict[entry.key] = snapshot(entry.value);
    }
    return dict;
  }
  return tree;
}

}  // namespace lt::checkpoint
