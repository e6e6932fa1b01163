// SPDX-License-Identifier: Apache-2.0
// The loggers among the parts of a trainer.
#pragma once

#include "lt/core/hyper_params.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"

#include <cstdint>
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// Mixin of the trainer's engine. Under fast_dev_run, and while a SilentLoggers lives, the loggers
/// stay silent.
template <class Engine>
class LoggerCalls {
 public:
  /// While it lives, loggers are neither opened nor written: for tools whose runs are no results.
  class SilentLoggers {
   public:
    explicit SilentLoggers(LoggerCalls& calls) : calls_(&calls), before_(calls.silent_) {
      calls.silent_ = true;
    }
    ~SilentLoggers() { calls_->silent_ = before_; }
    SilentLoggers(const SilentLoggers&) = delete;
    SilentLoggers& operator=(const SilentLoggers&) = delete;

   private:
    LoggerCalls* calls_;
    bool before_;
  };
  [[nodiscard]] SilentLoggers silence_loggers() { return SilentLoggers(*this); }

  bool has_loggers() {
    if (silent_) {
      return false;
    }
    bool found = false;
    self().parts().for_each([&]<class P>(P&) { found = found || role_of<P> == Role::logger; });
    return found;
  }

  template <class F>
  void for_each_logger(F&& f) {
    if (silent_ || self().options().fast_dev_run > 0) {
      return;
    }
    self().parts().for_each([&]<class P>(P& part) {
      if constexpr (role_of<P> == Role::logger) {
        f(part);
      }
    });
  }

  /// Creates folders and files, before the set-up hooks.
  void open_loggers() {
    for_each_logger([&](auto& logger) {
      if constexpr (requires { logger.open(static_cast<RunView&>(self().context())); }) {
        logger.open(static_cast<RunView&>(self().context()));
      }
    });
    self().metrics().has_loggers = has_loggers();
  }
  void write_metrics(const MetricTable& metrics, std::int64_t step) {
    if (!self().context().is_global_zero()) {
      return;
    }
    for_each_logger([&](auto& logger) {
      logger.log_metrics(metrics, step);
      if constexpr (requires { logger.save_soon(); }) {
        logger.save_soon();
      } else {
        logger.save();
      }
    });
  }
  void save_loggers() {
    for_each_logger([](auto& logger) { logger.save(); });
  }
  /// Hyper-parameters of model and data module, the model's graph.
  void log_hyperparams() {
    if (!self().options().enable_autolog_hparams || !self().context().is_global_zero()) {
      return;
    }
    const HyperParams params = all_hyper_params();
    for_each_logger([&](auto& logger) {
      if (!params.empty()) {
        logger.log_hyperparams(params);
      }
      if constexpr (requires { logger.log_graph(self().model()); }) {
        logger.log_graph(self().model());
      }
      logger.save();
    });
  }
  void finalize_loggers(std::string_view status) {
    for_each_logger([&](auto& logger) { logger.finalize(status); });
  }
  /// The same where another exception is under way already.
  void finalize_loggers_quietly() {
    for_each_logger([&](auto& logger) {
      try {
        logger.finalize("failed");
      } catch (const std::exception& error) {
        self().messages().warn("W034", error.what());
      }
    });
  }
  void after_save_checkpoint() {
    for_each_logger([&](auto& logger) {
      if constexpr (requires {
                      logger.after_save_checkpoint(static_cast<RunView&>(self().context()));
                    }) {
        logger.after_save_checkpoint(static_cast<RunView&>(self().context()));
      }
    });
  }
  std::vector<LoggerPlace> logger_places() {
    std::vector<LoggerPlace> places;
    for_each_logger([&](auto& logger) {
      places.push_back({logger.name(), logger.version(), logger.save_dir()});
    });
    return places;
  }

 private:
  Engine& self() { return static_cast<Engine&>(*this); }

  /// Those of the model, then those of the data module; of one name the latter count.
  HyperParams all_hyper_params() {
    HyperParams all;
    const auto add = [&](auto& object) {
      if constexpr (requires { object.hparams(); }) {
        for (HyperParam& param : as_hyper_params(object.hparams())) {
          std::erase_if(all, [&](const HyperParam& other) { return other.name == param.name; });
          all.push_back(std::move(param));
        }
      }
    };
    add(self().model());
    if (self().has_data_module()) {
      add(self().data());
    }
    return all;
  }
  template <class H>
  static HyperParams as_hyper_params(const H& hparams) {
    if constexpr (Reflected<H>) {
      return hyper_params(hparams);
    } else {
      return HyperParams(hparams);
    }
  }

  bool silent_ = false;
};

}  // namespace lt
