// SPDX-License-Identifier: Apache-2.0
// Named numbers in the order in which they first came: what loggers, callbacks and results get.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// An ordered map from metric names to values on the host.
class MetricTable {
 public:
  using Entry = std::pair<std::string, double>;

  /// Sets or replaces.
  void set(std::string_view name, double value) {
    if (Entry* entry = lookup(name)) {
      entry->second = value;
    } else {
      entries_.emplace_back(std::string(name), value);
    }
  }
  void update(const MetricTable& other) {
    for (const auto& [name, value] : other) {
      set(name, value);
    }
  }
  std::optional<double> find(std::string_view name) const {
    const Entry* entry = const_cast<MetricTable*>(this)->lookup(name);
    return entry ? std::optional(entry->second) : std::nullopt;
  }
  bool contains(std::string_view name) const { return find(name).has_value(); }
  /// Removes and returns.
  std::optional<double> take(std::string_view name) {
    const auto value = find(name);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; });
    return value;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : entries_) {
      out.push_back(entry.first);
    }
    return out;
  }
  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

 private:
  Entry* lookup(std::string_view name) {
    for (Entry& entry : entries_) {
      if (entry.first == name) {
        return &entry;
      }
    }
    return nullptr;
  }

  std::vector<Entry> entries_;
};

}  // namespace lt
