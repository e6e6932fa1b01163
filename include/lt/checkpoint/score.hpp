// SPDX-License-Identifier: Apache-2.0
// Monitored values in checkpoints: tensors without dimensions, as Lightning keeps them.
#pragma once

#include "lt/checkpoint/convert.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/score.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/scalar_tensor_ops.h>

namespace lt::checkpoint {

template <>
struct Convert<Score> {
  static Value to(const Score& score) {
    return at::_ops::scalar_tensor::call(score.value, score.in_double ? at::kDouble : at::kFloat,
                                         std::nullopt, std::nullopt, std::nullopt);
  }
  static void from(const Value& value, Score& score, Fields, const Path& path) {
    score.value = value.as<double>(path);
    score.in_double = value.is_tensor() && value.as<at::Tensor>(path).scalar_type() == at::kDouble;
  }
};

/// A dict that keeps the order.
template <>
struct Convert<ScoredPaths> {
  static Value to(const ScoredPaths& scores) {
    Dict dict;
    for (const auto& [file, score] : scores) {
      dict[file] = Convert<Score>::to(score);
    }
    return dict;
  }
  static void from(const Value& value, ScoredPaths& scores, Fields fields, const Path& path) {
    scores.clear();
    for (const Entry& entry : value.as<Dict>(path)) {
      const Path below(path, entry.key);
      if (!entry.key.text()) {
        throw CheckpointError(lt::text("lt[E223] ", below, ": expected a text as key"));
      }
      Score score;
      Convert<Score>::from(entry.value, score, fields, below);
      scores.emplace_back(*entry.key.text(), score);
    }
  }
};

}  // namespace lt::checkpoint
