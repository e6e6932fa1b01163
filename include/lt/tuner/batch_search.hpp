// SPDX-License-Identifier: Apache-2.0
// The search for the largest batch size that fits into memory: which size is tried next.
#pragma once

#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// How the batch size is searched.
///   power       doubled until memory runs out
///   binsearch   doubled until memory runs out, then halved in between
enum class BatchSizeMode : std::uint8_t { power, binsearch };

constexpr std::string_view enum_name(BatchSizeMode mode) {
  return mode == BatchSizeMode::power ? "power" : "binsearch";
}

/// The numbers of a search; names and defaults are Lightning's.
struct BatchSearchOptions {
  BatchSizeMode mode = BatchSizeMode::power;
  std::int64_t init_val = 2;
  std::int64_t max_trials = 25;
  double margin = 0.05;
  std::int64_t max_val = 8192;
};

/// Pure state: ask `next()` for a size, try it, say `succeeded()` or `failed()`, until there is
/// none left; then `size()` is the answer. Only sizes that were tried with success are answers
/// (with binsearch, less the margin); none has succeeded: no answer.
///
/// With `Compat::lightning` the answer may be a size that nobody tried: after a success at half of
/// it, or when trials end after a failure. Source: Lightning, tuner/batch_size_scaling.py.
class BatchSizeSearch {
 public:
  explicit BatchSizeSearch(const BatchSearchOptions& options, Compat compat = Compat::lt)
      : o_(options), compat_(compat), size_(options.init_val) {}

  /// The size to try now; none when the search has ended.
  std::optional<std::int64_t> next() {
    if (!ended_ && compat_ == Compat::lightning && size_ >= o_.max_val) {
      end(limit_reached());
    }
    return ended_ ? std::nullopt : std::optional(size_);
  }

  /// The size fitted. `holds_all`: the whole dataset is in one batch, so there is none larger.
  void succeeded(bool holds_all = false) {
    best_ = size_;
    if (++trials_ >= o_.max_trials) {
      return end({});
    }
    if (holds_all) {
      return end(
          text("The batch size ", size_, " is greater or equal than the length of your dataset."));
    }
    if (high_) {
      return narrow("succeeded");
    }
    if (compat_ == Compat::lt && size_ >= o_.max_val) {
      return end(limit_reached());
    }
    move_to(std::min(size_ * 2, cap()), "succeeded");
  }

  /// Memory ran out.
  void failed() {
    if (compat_ == Compat::lightning) {
      return fail_as_lightning();
    }
    high_ = size_;
    if (++trials_ >= o_.max_trials) {
      return end({});
    }
    if (best_) {
      return narrow("failed");
    }
    if (size_ <= 1) {
      return end(text("Batch size ", size_, " failed, and there is none below"));
    }
    move_to(size_ / 2, "failed");
  }

  /// The answer; none when no size fits.
  std::optional<std::int64_t> size() const {
    const std::optional<std::int64_t> found = compat_ == Compat::lightning ? size_ : best_;
    if (!found || o_.mode == BatchSizeMode::power) {
      return found;
    }
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(static_cast<double>(*found) * (1 - o_.margin)));
  }

  /// What the last step decided, for people; empty if there is nothing to say.
  const std::string& note() const { return note_; }

 private:
  void end(std::string note) {
    ended_ = true;
    note_ = std::move(note);
  }

  void move_to(std::int64_t size, std::string_view outcome) {
    if (size == size_) {
      return end({});
    }
    note_ = text("Batch size ", size_, " ", outcome, ", trying batch size ", size);
    size_ = size;
  }

  std::string limit_reached() const {
    return text("Reached the maximum batch size limit of ", o_.max_val, ". Stopping search.");
  }

  // Lightning's power mode knows only the default limit when it doubles.
  std::int64_t cap() const {
    const bool limited = compat_ == Compat::lt || o_.mode == BatchSizeMode::binsearch;
    return limited ? o_.max_val : BatchSearchOptions{}.max_val;
  }

  // Between a size that fits and one that does not.
  void narrow(std::string_view outcome) {
    const std::int64_t low = best_.value_or(1);
    if (*high_ - low <= 1 || o_.mode == BatchSizeMode::power) {
      return end(text("Batch size ", *high_, " failed, the largest that succeeded is ", low));
    }
    move_to((*high_ + low) / 2, outcome);
  }

  void fail_as_lightning() {
    if (o_.mode == BatchSizeMode::power) {
      move_to(size_ / 2, "failed");
      ended_ = best_.has_value() || ++trials_ >= o_.max_trials;
    } else {
      high_ = size_;
      move_to((*high_ + best_.value_or(1)) / 2, "failed");
      ended_ = *high_ - best_.value_or(1) <= 1;
    }
  }

  BatchSearchOptions o_;
  Compat compat_;
  std::int64_t size_;
  std::optional<std::int64_t> high_;
  std::optional<std::int64_t> best_;
  std::int64_t trials_ = 0;
  bool ended_ = false;
  std::string note_;
};

}  // namespace lt
