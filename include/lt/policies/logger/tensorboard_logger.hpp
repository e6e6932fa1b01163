// SPDX-License-Identifier: Apache-2.0
// TensorBoardLogger: event files that TensorBoard shows while the run goes on.
#pragma once

#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/logger.hpp"
#include "lt/policies/logger/event_file.hpp"
#include "lt/policies/logger/file_logger.hpp"
#include "lt/policies/logger/png.hpp"
#include "lt/policies/logger/summary.hpp"

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

/// Lightning's arguments of `TensorBoardLogger`. The graph of a model cannot be traced in C++, so
/// there is no `log_graph`.
struct TensorBoardLoggerOptions {
  Text save_dir{};
  Text name = "lightning_logs";
  Text version{};
  bool default_hp_metric = true;
  Text prefix{};
  Text sub_dir{};
};

}  // namespace lt

LT_REFLECT(lt::TensorBoardLoggerOptions,
           (save_dir, "folder; default: the trainer's default_root_dir"),
           (name, "folder below save_dir; empty: none"),
           (version, "folder below name: a number (version_N) or a text; default: the next number"),
           (default_hp_metric,
            "log hp_metric = -1 with hyper-parameters that come without metrics"),
           (prefix, "written before each metric's name, with a dash"),
           (sub_dir, "folder below that of the version, for the event file"))

namespace lt {

/// Writes `save_dir/name/version_N[/sub_dir]/events.out.tfevents.<time>.<host>.<process>.<n>` and
/// `hparams.yaml`. Each opening of a logger begins an event file of its own; TensorBoard reads all
/// of a folder together. A thread of the logger writes; values that are not finite are kept as they
/// are.
///
/// Steps are the x axis. `add_histogram`, `add_image` and `add_text` are those of Python's
/// SummaryWriter, whose values they write.
/// Errors: lt::ConfigError when the folder cannot be written; lt::Error when the disk is full;
/// lt::DataError for values that cannot be shown. Source: Lightning, loggers/tensorboard.py.
class TensorBoardLogger : public detail::FileLogger<TensorBoardLogger, detail::EventFile> {
  using Base = detail::FileLogger<TensorBoardLogger, detail::EventFile>;

 public:
  using Options = TensorBoardLoggerOptions;
  static constexpr std::string_view type_name = "TensorBoardLogger";

  TensorBoardLogger() : TensorBoardLogger(Options{}) {}
  explicit TensorBoardLogger(Options options)
      : Base({type_name, options.save_dir, options.name, options.version}),
        options_(std::move(options)) {
    detail::VersionFolder(type_name, {}, options_.sub_dir, {});  // checks the name
  }

  /// The folder of this version's event file.
  std::filesystem::path log_dir() const {
    return options_.sub_dir.empty() ? folder().path() : folder().path() / options_.sub_dir.view();
  }

  void log_metrics(const MetricTable& metrics, std::int64_t step) {
    if (!ready()) {
      return;
    }
    post([metrics, step, time = detail::wall_time(),
          prefix = options_.prefix.str()](detail::EventFile& file) {
      for (const auto& [name, value] : metrics) {
        file.add(detail::scalar_value(detail::prefixed(prefix, name), value), step, time);
      }
    });
  }

  /// The values of a run and what it came to: a row of TensorBoard's HPARAMS page. Without metrics
  /// there is a row only with `default_hp_metric`.
  void log_hyperparams(const HyperParams& params, MetricTable metrics, std::int64_t step = 0) {
    if (!ready()) {
      return;
    }
    Base::log_hyperparams(params);
    if (metrics.empty() && options_.default_hp_metric) {
      metrics.set("hp_metric", -1.0);
    }
    if (metrics.empty()) {
      return;
    }
    log_metrics(metrics, step);
    for (detail::ProtoMessage& value : detail::hparams_values(params, metrics)) {
      add(std::move(value), step);
    }
  }
  void log_hyperparams(const HyperParams& params) { log_hyperparams(params, {}); }
  template <Reflected T>
  void log_hyperparams(const T& options) {
    log_hyperparams(hyper_params(options));
  }

  // -- beyond metrics ---------------------------------------------------------------------------

  void add_scalar(std::string_view tag, double value, std::int64_t step) {
    add(detail::scalar_value(tag, value), step);
  }

  /// Shown as Markdown.
  void add_text(std::string_view tag, std::string_view words, std::int64_t step) {
    add(detail::text_value(tag, words), step);
  }

  /// How the values are distributed. Errors: lt::DataError for none, or one that is not finite.
  void add_histogram(std::string_view tag, std::span<const double> values, std::int64_t step) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw DataError(text("lt[E351] TensorBoardLogger: add_histogram('", tag, "'): value ", i,
                             " of ", values.size(), " is ", python_repr(values[i]),
                             "; expected finite numbers"));
      }
    }
    if (values.empty()) {
      throw DataError(text("lt[E352] TensorBoardLogger: add_histogram('", tag,
                           "'): found no values; expected one or more"));
    }
    if (ready()) {
      add(detail::histogram_value(tag, values), step);
    }
  }
  /// The same of all elements of a tensor, on any device.
  void add_histogram(std::string_view tag, const at::Tensor& values, std::int64_t step) {
    const at::Tensor flat = values.detach().to(at::kCPU, at::kDouble).contiguous();
    add_histogram(tag, {flat.const_data_ptr<double>(), static_cast<std::size_t>(flat.numel())},
                  step);
  }

  /// An image of shape [channels, height, width] with 1 (grey), 3 (RGB) or 4 (RGBA) channels:
  /// bytes, or numbers from 0 to 1 (what lies beyond is cut off). Errors: lt::DataError for other
  /// shapes.
  void add_image(std::string_view tag, const at::Tensor& image, std::int64_t step) {
    const bool fits = image.dim() == 3 && image.size(1) > 0 && image.size(2) > 0 &&
                      (image.size(0) == 1 || image.size(0) == 3 || image.size(0) == 4);
    if (!fits) {
      throw DataError(text("lt[E353] TensorBoardLogger: add_image('", tag, "'): found shape ",
                           image.sizes().vec(),
                           "; expected [channels, height, width] with 1, 3 or 4 channels"));
    }
    at::Tensor pixels = image.detach().to(at::kCPU);
    if (pixels.scalar_type() != at::kByte) {
      pixels = pixels.to(at::kFloat).mul(255).nan_to_num(0.0).clamp(0, 255).to(at::kByte);
    }
    pixels = pixels.permute({1, 2, 0}).contiguous();
    const std::string_view bytes(
        reinterpret_cast<const char*>(pixels.const_data_ptr<std::uint8_t>()),
        static_cast<std::size_t>(pixels.numel()));
    const auto size = [&](std::int64_t i) { return static_cast<std::size_t>(pixels.size(i)); };
    add(detail::image_value(tag, detail::png(bytes, size(0), size(1), size(2)), pixels.size(0),
                            pixels.size(1), pixels.size(2)),
        step);
  }

  /// On success a run without hyper-parameters gets its empty `hparams.yaml`, as in Lightning.
  void finalize(std::string_view status) {
    Base::finalize(status);
    if (status == "success" && ready() && !std::filesystem::exists(log_dir() / "hparams.yaml")) {
      Base::log_hyperparams(HyperParams{});
    }
  }

 private:
  friend class detail::FileLogger<TensorBoardLogger, detail::EventFile>;

  detail::EventFile make_sink() {
    folder().create(log_dir());
    return detail::EventFile(log_dir());
  }
  void add(detail::ProtoMessage value, std::int64_t step) {
    if (ready()) {
      post([value = std::move(value), step, time = detail::wall_time()](detail::EventFile& file) {
        file.add(value, step, time);
      });
    }
  }

  Options options_;
};

}  // namespace lt
