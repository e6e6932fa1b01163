// SPDX-License-Identifier: Apache-2.0
// What a learning-rate range test found.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/trainer_options.hpp"
#include "lt/tuner/curve_plot.hpp"
#include "lt/tuner/rate_sequence.hpp"
#include "lt/tuner/suggestion.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace lt {

/// The rates that were tried and the smoothed losses after a step with each; NaN where a step gave
/// none.
struct LrFindCurve {
  std::vector<double> lr;
  std::vector<double> loss;
};

/// The curve of a range test and what can be read off it. Empty when the test was skipped.
struct LrFindResult {
  LrFindCurve results{};
  LrMode mode = LrMode::exponential;
  Compat compat = Compat::lt;

  /// A rate to begin training with; none when there are too few usable points.
  std::optional<double> suggestion(const SuggestOptions& options = {}) const {
    const auto index = suggested_index(results.lr, results.loss, mode, options, compat);
    return index ? std::optional(results.lr[*index]) : std::nullopt;
  }

  /// Writes the curve as an SVG picture, with the suggestion as a red dot if `suggest`.
  /// Errors: lt::Error when the file cannot be written.
  void plot_svg(const std::filesystem::path& path, bool suggest = true,
                const SuggestOptions& options = {}) const {
    std::ofstream file(path);
    file << svg_of(picture(suggest, options));
    file.close();
    if (!file) {
      throw Error(text("lt[E774] plot_svg: the file ", path.string(), " cannot be written"));
    }
  }

  /// The curve in characters, for a terminal; the suggestion is an `O`.
  std::string sketch(bool suggest = true, const SuggestOptions& options = {}) const {
    return sketch_of(picture(suggest, options));
  }

 private:
  CurvePlot picture(bool suggest, const SuggestOptions& options) const {
    return {.x = results.lr,
            .y = results.loss,
            .log_x = mode == LrMode::exponential,
            .marked = suggest ? suggested_index(results.lr, results.loss, mode, options, compat)
                              : std::nullopt};
  }
};

}  // namespace lt
