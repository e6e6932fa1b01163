// SPDX-License-Identifier: Apache-2.0
// Which learning rate the curve of a range test suggests.
#pragma once

#include "lt/core/trainer_options.hpp"
#include "lt/tuner/rate_sequence.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lt {

/// How a rate is read off the curve.
///   steepest   where the loss falls fastest, as Lightning does
///   minimum    a tenth of the rate with the least loss (Smith 2017, as practised)
///   valley     half way down the longest descent (as fastai)
enum class LrRule : std::uint8_t { steepest, minimum, valley };

constexpr std::string_view enum_name(LrRule rule) {
  constexpr std::string_view names[] = {"steepest", "minimum", "valley"};
  return names[static_cast<std::size_t>(rule)];
}

/// What counts for a suggestion. The first losses say little, the last ones diverge.
struct SuggestOptions {
  std::int64_t skip_begin = 10;
  std::int64_t skip_end = 1;
  LrRule rule = LrRule::steepest;
};

/// The derivative of `f` at the points `x`, which need not be evenly spaced: second order inside,
/// one-sided at the ends. At least two points.
/// Source: numpy.gradient and torch.gradient with coordinates, whose order of operations it keeps.
template <class Real>
std::vector<Real> gradient(std::span<const Real> f, std::span<const Real> x) {
  const std::size_t n = f.size();
  std::vector<Real> slope(n);
  slope[0] = (f[1] - f[0]) / (x[1] - x[0]);
  slope[n - 1] = (f[n - 1] - f[n - 2]) / (x[n - 1] - x[n - 2]);
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const Real before = x[i] - x[i - 1];
    const Real after = x[i + 1] - x[i];
    const Real a = -after / (before * (before + after));
    const Real b = (after - before) / (before * after);
    const Real c = before / (after * (before + after));
    slope[i] = a * f[i - 1] + b * f[i] + c * f[i + 1];
  }
  return slope;
}

namespace detail {

// Half way down the longest run of points (not needed to be neighbours) whose losses fall.
inline std::size_t valley_of(std::span<const double> loss) {
  const std::size_t n = loss.size();
  std::vector<std::size_t> length(n, 1);
  std::size_t end = 0;
  for (std::size_t i = 1; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (loss[i] < loss[j]) {
        length[i] = std::max(length[i], length[j] + 1);
      }
    }
    end = length[i] > length[end] ? i : end;
  }
  const std::size_t begin = end + 1 - length[end];
  return begin + (end - begin) / 2;
}

inline std::size_t least(std::span<const double> values) {
  return static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
}

// Lightning's suggestion is computed with 32-bit floats against the rate itself.
inline std::size_t steepest_in_floats(std::span<const double> rate, std::span<const double> loss) {
  const std::vector<float> x(rate.begin(), rate.end());
  const std::vector<float> f(loss.begin(), loss.end());
  const std::vector<float> slope = gradient<float>(f, x);
  // torch.argmin takes a NaN, where there is one, for the least.
  const auto nan = std::find_if(slope.begin(), slope.end(), [](float v) { return std::isnan(v); });
  return static_cast<std::size_t>(
      (nan != slope.end() ? nan : std::min_element(slope.begin(), slope.end())) - slope.begin());
}

inline std::size_t steepest_of(std::span<const double> rate, std::span<const double> loss,
                               LrMode mode) {
  std::vector<double> x(rate.begin(), rate.end());
  if (mode == LrMode::exponential) {
    std::transform(x.begin(), x.end(), x.begin(), [](double v) { return std::log10(v); });
  }
  return least(gradient<double>(loss, x));
}

}  // namespace detail

/// The index of the suggested point; none when less than two usable ones are left. The slope is
/// taken on the scale on which the rates grew; Lightning takes it against the rate itself, which
/// favours the smallest rates, and finds nothing for `skip_end = 0`: `Compat::lightning` does so
/// too. Source: Lightning, tuner/lr_finder.py, `_LRFinder.suggestion`.
inline std::optional<std::size_t> suggested_index(std::span<const double> rate,
                                                  std::span<const double> loss, LrMode mode,
                                                  const SuggestOptions& options = {},
                                                  Compat compat = Compat::lt) {
  const auto size = static_cast<std::int64_t>(std::min(rate.size(), loss.size()));
  std::vector<std::size_t> index;
  std::vector<double> x;
  std::vector<double> f;
  const bool empty = compat == Compat::lightning && options.skip_end == 0;
  for (std::int64_t i = std::max<std::int64_t>(options.skip_begin, 0);
       i < size - std::max<std::int64_t>(options.skip_end, 0) && !empty; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (std::isfinite(loss[at])) {
      index.push_back(at);
      x.push_back(rate[at]);
      f.push_back(loss[at]);
    }
  }
  if (index.size() < 2) {
    return std::nullopt;
  }
  switch (options.rule) {
    case LrRule::minimum:
      return index[detail::least(f)];
    case LrRule::valley:
      return index[detail::valley_of(f)];
    default:
      return index[compat == Compat::lightning ? detail::steepest_in_floats(x, f)
                                               : detail::steepest_of(x, f, mode)];
  }
}

}  // namespace lt
