// SPDX-License-Identifier: Apache-2.0
// Metrics with `sync_dist`: the numbers of all ranks become one, all metrics in one exchange.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/log_options.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// What one rank brings to the exchange. Sums are exact as double: of values and of their weights,
/// divided once, so that a mean is right when ranks have different numbers of samples.
class RankNumbers {
 public:
  /// `weight`: that of a mean; nothing was logged on this rank if it is 0.
  void add(std::string_view name, double value, double weight) {
    for (const char c : name) {
      digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 16777619u;
    }
    digest_ = (digest_ ^ 0xFFu) * 16777619u;  // "ab", "c" is not "a", "bc"
    numbers_.push_back(value);
    numbers_.push_back(weight);
  }
  bool empty() const { return numbers_.empty(); }

  /// For the exchange. Ranks that disagree about their metrics should still send messages of one
  /// length, or they could not say so.
  std::vector<double> packed() const {
    constexpr std::size_t step = 64;
    std::vector<double> out{static_cast<double>(digest_), static_cast<double>(numbers_.size())};
    out.insert(out.end(), numbers_.begin(), numbers_.end());
    out.resize((out.size() + step - 1) / step * step);
    return out;
  }

 private:
  std::uint32_t digest_ = 2166136261u;
  std::vector<double> numbers_;
};

/// What all ranks brought, by rank.
class AllRankNumbers {
 public:
  /// Errors: lt::DistributedError when the ranks do not log the same metrics.
  explicit AllRankNumbers(std::vector<std::vector<double>> ranks) : ranks_(std::move(ranks)) {
    for (std::size_t i = 1; i < ranks_.size(); ++i) {
      if (ranks_[i][0] != ranks_[0][0] || ranks_[i][1] != ranks_[0][1]) {
        throw DistributedError(text("lt[E518] log(..., sync_dist = true): rank ", i, " has ",
                                    ranks_[i][1] / 2, " metrics and rank 0 has ", ranks_[0][1] / 2,
                                    " now, or their names differ; expected the same names in the "
                                    "same order on all ranks"));
      }
    }
  }

  /// The metric that was added as number `index`, over all ranks.
  double reduce(std::size_t index, ReduceFx reduce_fx) const {
    double value = reduce_fx == ReduceFx::min   ? std::numeric_limits<double>::infinity()
                   : reduce_fx == ReduceFx::max ? -std::numeric_limits<double>::infinity()
                                                : 0.0;
    double weight = 0.0;
    for (const std::vector<double>& rank : ranks_) {
      const double own = rank[2 + 2 * index];
      weight += rank[3 + 2 * index];
      if (reduce_fx == ReduceFx::min) {  // NaN wins, as in torch.min
        value = own < value || own != own ? own : value;
      } else if (reduce_fx == ReduceFx::max) {
        value = own > value || own != own ? own : value;
      } else {
        value += own;
      }
    }
    return reduce_fx == ReduceFx::mean ? value / weight : value;
  }

 private:
  std::vector<std::vector<double>> ranks_;
};

}  // namespace lt
