// SPDX-License-Identifier: Apache-2.0
// The line search of LBFGS.
#pragma once

#include "lt/optim/number.hpp"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lt::optim::detail {

/// Minimum of the cubic through two points with values `f` and slopes `g`, kept within bounds.
/// Source: torch/optim/lbfgs.py, `_cubic_interpolate`.
inline Number cubic_interpolate(const Number& x1, const Number& f1, const Number& g1,
                                const Number& x2, const Number& f2, const Number& g2,
                                std::optional<std::pair<Number, Number>> bounds = {}) {
  const bool ordered = x1 <= x2;
  const Number low = bounds ? bounds->first : (ordered ? x1 : x2);
  const Number high = bounds ? bounds->second : (ordered ? x2 : x1);
  const Number d1 = g1 + g2 - Number(3) * (f1 - f2) / (x1 - x2);
  const Number d2_square = square(d1) - g1 * g2;
  if (!(d2_square >= 0.0)) {
    return (low + high) / 2.0;
  }
  const Number d2 = sqrt(d2_square);
  const Number position = ordered ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + Number(2) * d2))
                                  : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + Number(2) * d2));
  return smaller(larger(position, low), high);
}

/// One point of the search: step length, loss, gradient, slope along the direction.
struct LinePoint {
  Number t;
  Number f;
  at::Tensor g;
  Number slope;
};

struct LineSearchResult {
  double loss;
  at::Tensor gradient;
  Number t;
  std::int64_t evaluations;
};

/// Finds a step length that satisfies the strong Wolfe conditions. `evaluate(t)` gives the loss and
/// the flat gradient at `x + t * d` as a pair. Source: torch/optim/lbfgs.py, `_strong_wolfe`.
template <class Evaluate>
LineSearchResult strong_wolfe(Evaluate&& evaluate, Number t, const at::Tensor& d, double loss,
                              const at::Tensor& gradient, const Number& slope,
                              double tolerance_change, std::int64_t max_iterations) {
  const double c1 = 1e-4;
  const double c2 = 0.9;
  const Number f = loss;
  const Number d_norm = d.abs().max();
  const auto copy = [](const at::Tensor& g) { return g.clone(at::MemoryFormat::Contiguous); };
  std::int64_t evaluations = 0;
  const auto point_at = [&](const Number& length) {
    ++evaluations;
    std::pair<double, at::Tensor> found = evaluate(length);
    Number along = found.second.dot(d);
    return LinePoint{length, found.first, std::move(found.second), std::move(along)};
  };
  const auto too_high = [&](const LinePoint& p) { return p.f > f + Number(c1) * p.t * slope; };
  const auto flat_enough = [&](const LinePoint& p) { return abs(p.slope) <= Number(-c2) * slope; };

  const LinePoint start{0.0, f, copy(gradient), slope};
  LinePoint now = point_at(t);
  LinePoint previous = start;
  std::vector<LinePoint> bracket;
  bool done = false;
  std::int64_t iteration = 0;
  while (iteration < max_iterations) {
    if (too_high(now) || (iteration > 1 && now.f >= previous.f)) {
      bracket = {previous, now};
      break;
    }
    if (flat_enough(now)) {
      bracket = {now};
      done = true;
      break;
    }
    if (now.slope >= 0.0) {
      bracket = {previous, now};
      break;
    }
    std::pair<Number, Number> bounds{now.t + Number(0.01) * (now.t - previous.t),
                                     now.t * Number(10)};
    t = cubic_interpolate(previous.t, previous.f, previous.slope, now.t, now.f, now.slope,
                          std::move(bounds));
    previous = std::exchange(now, point_at(t));
    ++iteration;
  }
  if (iteration >= max_iterations) {
    bracket = {start, now};
  }

  // Zoom: shrink the bracket around a point that satisfies the conditions.
  bool insufficient_progress = false;
  std::size_t low = bracket.front().f <= bracket.back().f ? 0 : 1;
  std::size_t high = 1 - low;
  while (!done && iteration < max_iterations) {
    if (abs(bracket[1].t - bracket[0].t) * d_norm < tolerance_change) {
      break;
    }
    t = cubic_interpolate(bracket[0].t, bracket[0].f, bracket[0].slope, bracket[1].t, bracket[1].f,
                          bracket[1].slope);
    // Too close to a boundary twice, or beyond it: move a tenth of the bracket away from it.
    const Number left = smaller(bracket[0].t, bracket[1].t);
    const Number right = larger(bracket[0].t, bracket[1].t);
    const Number margin = Number(0.1) * (right - left);
    if (smaller(right - t, t - left) < margin) {
      if (insufficient_progress || t >= right || t <= left) {
        t = abs(t - right) < abs(t - left) ? right - margin : left + margin;
        insufficient_progress = false;
      } else {
        insufficient_progress = true;
      }
    } else {
      insufficient_progress = false;
    }

    now = point_at(t);
    ++iteration;
    if (too_high(now) || now.f >= bracket[low].f) {
      bracket[high] = now;
      low = bracket[0].f <= bracket[1].f ? 0 : 1;
      high = 1 - low;
    } else {
      if (flat_enough(now)) {
        done = true;
      } else if (now.slope * (bracket[high].t - bracket[low].t) >= 0.0) {
        bracket[high] = bracket[low];
      }
      bracket[low] = now;
    }
  }
  const LinePoint& best = bracket[bracket.size() == 1 ? 0 : low];
  return {best.f.as_double(), best.g, best.t, evaluations};
}

}  // namespace lt::optim::detail
