// SPDX-License-Identifier: Apache-2.0
// Logged numbers that a device still has: in which order they go into the metrics once they are
// read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace lt {

/// A value on its way into the store. Metrics are kept as float unless the value, or the run, is
/// in double; results then round exactly as float tensors would.
struct LoggedValue {
  double value = 0.0;
  bool is_double = false;
};

/// Updates of metrics, and ends of batches between them, that wait for numbers.
class WaitingValues {
 public:
  /// Fetches all numbers that were handed out, in their order, and forgets them. Called when somebody
  /// looks at a metric, not for each batch.
  struct Read {
    std::vector<double> (*function)(void* numbers) = nullptr;
    void* numbers = nullptr;
  };

  struct Item {
    std::size_t entry = of_batch;
    LoggedValue value;
    std::int64_t weight = 0;
    bool is_read = true;
    std::optional<std::int64_t> loader;

    bool ends_batch() const { return entry == of_batch; }
  };

  bool empty() const { return items_.empty(); }
  void add(std::size_t entry, LoggedValue value, std::int64_t weight) {
    items_.push_back({entry, value, weight, true, {}});
  }
  void add_unread(std::size_t entry, bool is_double, std::int64_t weight, const Read& read) {
    items_.push_back({entry, {0.0, is_double}, weight, false, {}});
    read_ = read;
  }
  void end_batch(std::optional<std::int64_t> loader) {
    items_.push_back({of_batch, {}, 0, true, loader});
  }

  /// Reads the numbers and calls `f(item)` for each item, in order.
  template <class F>
  void take(F&& f) {
    std::vector<Item> items = std::exchange(items_, {});
    const std::vector<double> numbers = read_.function(read_.numbers);
    std::size_t next = 0;
    for (Item& item : items) {
      if (!item.is_read) {
        const double number = numbers.at(next++);
        item.value.value =
            item.value.is_double ? number : static_cast<double>(static_cast<float>(number));
      }
      f(item);
    }
  }

 private:
  static constexpr std::size_t of_batch = std::numeric_limits<std::size_t>::max();
  std::vector<Item> items_;
  Read read_;
};

}  // namespace lt
