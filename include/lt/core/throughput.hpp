// SPDX-License-Identifier: Apache-2.0
// Throughput: batches, samples, items and floating-point operations per second over a window.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/reflect.hpp"
#include "lt/core/text.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's arguments of `Throughput`, but for the number of devices, which the constructor
/// takes.
struct ThroughputOptions {
  std::optional<double> available_flops{};
  std::int64_t window_size = 100;
  Text separator = "/";
};

}  // namespace lt

LT_REFLECT(lt::ThroughputOptions,
           (available_flops, "floating-point operations per second that a device could make"),
           (window_size, "updates over which rates are averaged"),
           (separator, "stands after \"device\" in names"))

LT_CHECKS(lt::ThroughputOptions,
          LT_CHECK(E630, window_size, o.window_size > 1, "must be 2 or more"))

namespace lt {

/// Computes rates from totals that are told again and again. Units: seconds, and per second.
/// Source: Lightning, fabric/utilities/throughput.py.
class Throughput {
 public:
  using Options = ThroughputOptions;

  /// What was seen since the start, per device. `flops` are those since the update before.
  struct Totals {
    double time = 0.0;
    std::int64_t batches = 0;
    std::int64_t samples = 0;
    std::optional<std::int64_t> lengths{};
    std::optional<double> flops{};
  };

  Throughput() = default;
  explicit Throughput(Options options, std::int64_t world_size = 1)
      : options_(std::move(options)), world_size_(world_size) {
    validate(options_, "Throughput");
  }

  const Options& options() const { return options_; }
  /// Seconds at the last update; 0 before the first.
  double time() const { return time_.empty() ? 0.0 : time_.back(); }

  /// Errors: lt::Error for a total that does not grow, or fewer samples than batches, or fewer
  /// items than samples.
  void update(const Totals& totals) {
    append(time_, totals.time, "time");
    if (totals.samples < totals.batches) {
      throw Error(text("lt[E631] Throughput: samples = ", totals.samples,
                       " are fewer than batches = ", totals.batches, "; expected as many or more"));
    }
    append(batches_, totals.batches, "batches");
    append(samples_, totals.samples, "samples");
    if (totals.lengths) {
      if (*totals.lengths < totals.samples) {
        throw Error(text("lt[E632] Throughput: lengths = ", *totals.lengths,
                         " are fewer than samples = ", totals.samples,
                         "; expected as many or more"));
      }
      append(lengths_, *totals.lengths, "lengths");
      if (lengths_.size() != samples_.size()) {
        throw Error("lt[E633] Throughput: lengths must be told at every update or never");
      }
    }
    if (totals.flops) {
      flops_.push_back(*totals.flops * static_cast<double>(world_size_));
      shorten(flops_);
    }
  }

  /// Totals, and rates once the window is full. Those without "device" are over all devices, and
  /// left out if there is one. Errors: lt::Error before the first update.
  MetricTable compute() const {
    if (time_.empty()) {
      throw Error("lt[E634] Throughput: compute before the first update");
    }
    MetricTable out;
    out.set("time", time_.back());
    out.set("batches", static_cast<double>(batches_.back()));
    out.set("samples", static_cast<double>(samples_.back()));
    if (!lengths_.empty()) {
      out.set("lengths", static_cast<double>(lengths_.back()));
    }
    const double elapsed = time_.back() - time_.front();
    const auto devices = static_cast<double>(world_size_);
    if (is_full(time_)) {
      const double batches = grown(batches_) / elapsed;
      const double samples = grown(samples_) / elapsed;
      out.set(device("batches_per_sec"), batches);
      out.set(device("samples_per_sec"), samples);
      if (world_size_ > 1) {
        out.set("batches_per_sec", batches * devices);
        out.set("samples_per_sec", samples * devices);
      }
      if (is_full(lengths_)) {
        const double items = grown(lengths_) / elapsed;
        out.set(device("items_per_sec"), items);
        if (world_size_ > 1) {
          out.set("items_per_sec", items * devices);
        }
      }
    }
    if (is_full(flops_)) {
      const double all = std::accumulate(flops_.begin() + 1, flops_.end(), 0.0) / elapsed;
      if (world_size_ > 1) {
        out.set("flops_per_sec", all);
      }
      out.set(device("flops_per_sec"), all / devices);
      if (options_.available_flops.value_or(0.0) != 0.0) {
        out.set(device("mfu"), all / devices / *options_.available_flops);
      }
    }
    return out;
  }

  void reset() {
    time_.clear();
    batches_.clear();
    samples_.clear();
    lengths_.clear();
    flops_.clear();
  }

 private:
  template <class T>
  void append(std::deque<T>& window, T value, std::string_view what) {
    if (!window.empty() && window.back() >= value) {
      throw Error(text("lt[E635] Throughput: ", what, " = ", value, " after ", window.back(),
                       "; expected a total that grows"));
    }
    window.push_back(value);
    shorten(window);
  }
  template <class T>
  void shorten(std::deque<T>& window) const {
    if (window.size() > static_cast<std::size_t>(options_.window_size)) {
      window.pop_front();
    }
  }
  template <class T>
  bool is_full(const std::deque<T>& window) const {
    return window.size() == static_cast<std::size_t>(options_.window_size);
  }
  template <class T>
  static double grown(const std::deque<T>& window) {
    return static_cast<double>(window.back() - window.front());
  }
  std::string device(std::string_view what) const {
    return text("device", std::string_view(options_.separator), what);
  }

  Options options_;
  std::int64_t world_size_ = 1;
  std::deque<double> time_;
  std::deque<std::int64_t> batches_;
  std::deque<std::int64_t> samples_;
  std::deque<std::int64_t> lengths_;
  std::deque<double> flops_;
};

}  // namespace lt
