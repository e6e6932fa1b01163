// SPDX-License-Identifier: Apache-2.0
// Batches of sequences of different lengths.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/data/collate.hpp"
#include "lt/data/example.hpp"
#include "lt/data/index_tensor.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/pad_sequence_ops.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lt {

/// Padded sequences. Shapes: `data` [batch, longest, ...], or [longest, batch, ...] when not
/// batch first; `lengths` int64 [batch], on the CPU as `pack_padded_sequence` wants them.
struct Padded {
  at::Tensor data;
  at::Tensor lengths;
};

/// Options of `PadCollate`.
struct PadCollateOptions {
  double padding_value = 0;  ///< fills the tails
  bool batch_first = true;   ///< the first dimension is the batch
};

/// Collates sequences, tensors of shape [length, ...], by padding them to the longest.
/// `Example`s get their data padded and their target collated as usual.
/// Errors: `DataError` when there is no sample or a sequence has no dimension.
struct PadCollate {
  PadCollateOptions options{};

  Padded operator()(const std::vector<at::Tensor>& sequences) const {
    if (sequences.empty()) {
      throw DataError("pad_collate: no samples; expected at least one");
    }
    at::Tensor lengths = empty_tensor({static_cast<std::int64_t>(sequences.size())}, at::kLong);
    std::int64_t* length = lengths.mutable_data_ptr<std::int64_t>();
    for (const at::Tensor& sequence : sequences) {
      if (sequence.dim() == 0) {
        throw DataError("pad_collate: a sample has no dimension; expected [length, ...]");
      }
      *length++ = sequence.size(0);
    }
    return {at::_ops::pad_sequence::call(sequences, options.batch_first, options.padding_value,
                                         "right"),
            std::move(lengths)};
  }

  template <class Target>
  auto operator()(const std::vector<Example<at::Tensor, Target>>& samples) const {
    std::vector<at::Tensor> sequences;
    std::vector<Target> targets;
    for (const auto& sample : samples) {
      sequences.push_back(sample.data);
      targets.push_back(sample.target);
    }
    return Example{(*this)(sequences), collate(targets)};
  }
};

/// A collate function for a loader: `lt::pad_collate({.padding_value = -1})`.
inline PadCollate pad_collate(PadCollateOptions options = {}) { return PadCollate{options}; }

}  // namespace lt

LT_REFLECT(lt::Padded, (data, "padded sequences"), (lengths, "length of each sequence"))
