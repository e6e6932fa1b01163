// SPDX-License-Identifier: Apache-2.0
// A curve drawn as SVG, and as a sketch of text for a terminal.
#pragma once

#include "lt/core/python_format.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt {

/// What is drawn. Points that are not finite leave a gap.
struct CurvePlot {
  std::span<const double> x;
  std::span<const double> y;
  bool log_x = false;
  std::optional<std::size_t> marked{};  // the index of a point
  std::string_view title = "";
  std::string_view x_label = "Learning rate";
  std::string_view y_label = "Loss";
};

namespace detail {

/// From values to the part of an axis, 0 to 1.
class Axis {
 public:
  Axis(std::span<const double> values, bool log) : log_(log) {
    for (const double value : values) {
      if (usable(value)) {
        low_ = std::min(low_, scaled(value));
        high_ = std::max(high_, scaled(value));
      }
    }
    if (low_ > high_) {
      low_ = 0.0;
      high_ = 1.0;
    } else if (low_ == high_) {
      low_ -= 0.5;
      high_ += 0.5;
    }
  }

  bool usable(double value) const { return std::isfinite(value) && (!log_ || value > 0); }
  double part(double value) const { return (scaled(value) - low_) / (high_ - low_); }

  /// Some five round values; on a logarithmic axis powers of ten.
  std::vector<double> ticks() const {
    const double span = high_ - low_;
    double step = std::pow(10.0, std::floor(std::log10(span / 5)));
    for (const double factor : {2.0, 2.5, 2.0}) {  // 1, 2, 5, 10
      step *= span / step > 7 ? factor : 1.0;
    }
    if (log_) {
      step = std::max(1.0, std::round(step));
    }
    std::vector<double> out;
    for (double at = std::ceil(low_ / step); at * step <= high_ + 1e-9 * span; ++at) {
      out.push_back(log_ ? std::pow(10.0, at * step) : at * step);
    }
    return out;
  }

 private:
  double scaled(double value) const { return log_ ? std::log10(value) : value; }

  bool log_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

// The parts of an SVG picture, in its own units.
class SvgCanvas {
 public:
  static constexpr double width = 640, height = 420;
  static constexpr double left = 72, right = 616, top = 36, bottom = 364;

  static double at_x(double part) { return left + part * (right - left); }
  static double at_y(double part) { return bottom - part * (bottom - top); }

  void line(double x1, double y1, double x2, double y2, std::string_view color) {
    out_ += lt::text("<line x1=\"", number(x1), "\" y1=\"", number(y1), "\" x2=\"", number(x2),
                     "\" y2=\"", number(y2), "\" stroke=\"", color, "\"/>\n");
  }
  void label(double x, double y, std::string_view anchor, std::string_view words,
             std::string_view more = "") {
    out_ += lt::text("<text x=\"", number(x), "\" y=\"", number(y), "\" text-anchor=\"", anchor,
                     "\"", more, ">", escaped(words), "</text>\n");
  }
  void path(std::string_view steps) {
    out_ += lt::text("<path d=\"", steps,
                     "\" fill=\"none\" stroke=\"#1f77b4\" stroke-width=\"1.5\"/>\n");
  }
  void dot(double x, double y) {
    out_ +=
        lt::text("<circle cx=\"", number(x), "\" cy=\"", number(y), "\" r=\"5\" fill=\"red\"/>\n");
  }
  std::string finish() const {
    return lt::text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", width, " ", height,
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                    out_, "</svg>\n");
  }
  static std::string number(double value) { return python_format(value, ".2f"); }

 private:
  static std::string escaped(std::string_view words) {
    std::string out;
    for (const char c : words) {
      out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return out;
  }

  std::string out_;
};

}  // namespace detail

/// The picture as an SVG document.
inline std::string svg_of(const CurvePlot& plot) {
  using Canvas = detail::SvgCanvas;
  const detail::Axis x(plot.x, plot.log_x);
  const detail::Axis y(plot.y, false);
  Canvas canvas;
  for (const double tick : x.ticks()) {
    const double at = Canvas::at_x(x.part(tick));
    canvas.line(at, Canvas::top, at, Canvas::bottom, "#dddddd");
    canvas.label(at, Canvas::bottom + 18, "middle", python_format(tick, ".3g"));
  }
  for (const double tick : y.ticks()) {
    const double at = Canvas::at_y(y.part(tick));
    canvas.line(Canvas::left, at, Canvas::right, at, "#dddddd");
    canvas.label(Canvas::left - 8, at + 4, "end", python_format(tick, ".3g"));
  }
  canvas.line(Canvas::left, Canvas::bottom, Canvas::right, Canvas::bottom, "black");
  canvas.line(Canvas::left, Canvas::top, Canvas::left, Canvas::bottom, "black");
  canvas.label((Canvas::left + Canvas::right) / 2, Canvas::height - 16, "middle", plot.x_label);
  canvas.label(18, (Canvas::top + Canvas::bottom) / 2, "middle", plot.y_label,
               text(" transform=\"rotate(-90 18 ", (Canvas::top + Canvas::bottom) / 2, ")\""));
  canvas.label((Canvas::left + Canvas::right) / 2, 22, "middle", plot.title);

  std::string steps;
  bool pen_down = false;
  for (std::size_t i = 0; i < std::min(plot.x.size(), plot.y.size()); ++i) {
    if (!x.usable(plot.x[i]) || !y.usable(plot.y[i])) {
      pen_down = false;
      continue;
    }
    steps += text(steps.empty() ? "" : " ", pen_down ? "L" : "M",
                  Canvas::number(Canvas::at_x(x.part(plot.x[i]))), " ",
                  Canvas::number(Canvas::at_y(y.part(plot.y[i]))));
    pen_down = true;
  }
  canvas.path(steps);
  if (plot.marked && y.usable(plot.y[*plot.marked])) {
    canvas.dot(Canvas::at_x(x.part(plot.x[*plot.marked])),
               Canvas::at_y(y.part(plot.y[*plot.marked])));
  }
  return canvas.finish();
}

/// The picture in characters: `*` for a point, `O` for the marked one. `columns` and `rows` are
/// those of the area of the curve.
inline std::string sketch_of(const CurvePlot& plot, std::size_t columns = 60,
                             std::size_t rows = 12) {
  const detail::Axis x(plot.x, plot.log_x);
  const detail::Axis y(plot.y, false);
  std::vector<std::string> area(rows, std::string(columns, ' '));
  const auto put = [&](std::size_t i, char mark) {
    if (x.usable(plot.x[i]) && y.usable(plot.y[i])) {
      const auto column = std::lround(x.part(plot.x[i]) * static_cast<double>(columns - 1));
      const auto row = std::lround((1 - y.part(plot.y[i])) * static_cast<double>(rows - 1));
      area[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] = mark;
    }
  };
  for (std::size_t i = 0; i < std::min(plot.x.size(), plot.y.size()); ++i) {
    put(i, '*');
  }
  if (plot.marked) {
    put(*plot.marked, 'O');
  }

  std::vector<std::string> labels(rows);
  std::size_t widest = 0;
  for (const double tick : y.ticks()) {
    const auto row = std::lround((1 - y.part(tick)) * static_cast<double>(rows - 1));
    labels[static_cast<std::size_t>(row)] = python_format(tick, ".3g");
    widest = std::max(widest, labels[static_cast<std::size_t>(row)].size());
  }
  std::string out;
  if (!plot.title.empty()) {
    out += text(plot.title, "\n");
  }
  for (std::size_t row = 0; row < rows; ++row) {
    area[row].erase(area[row].find_last_not_of(' ') + 1);
    out += text(std::string(widest - labels[row].size(), ' '), labels[row],
                labels[row].empty() ? " |" : " +", area[row], "\n");
  }
  std::string rule(columns, '-');
  std::string below(columns + 8, ' ');
  std::size_t free = 0;
  for (const double tick : x.ticks()) {
    const auto column =
        static_cast<std::size_t>(std::lround(x.part(tick) * static_cast<double>(columns - 1)));
    const std::string label = python_format(tick, ".3g");
    rule[column] = '+';
    if (column >= free && column + label.size() <= below.size()) {
      below.replace(column, label.size(), label);
      free = column + label.size() + 1;
    }
  }
  below.erase(below.find_last_not_of(' ') + 1);
  out += text(std::string(widest + 1, ' '), "+", rule, "\n");
  out += text(std::string(widest + 2, ' '), below, "\n");
  return out;
}

}  // namespace lt
