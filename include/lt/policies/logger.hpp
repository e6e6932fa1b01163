// SPDX-License-Identifier: Apache-2.0
// Logger: where numbers of a run are kept for later. Consulted when step metrics are due (every
// `log_every_n_steps`), at the end of every epoch and evaluation, and at the start and end of a
// run.
//
// Satisfied by: CsvLogger, JsonlLogger, TensorBoardLogger.
#pragma once

#include "lt/core/hyper_params.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/run_view.hpp"
#include "lt/core/type_list.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lt {

/// Every rank has its loggers, but only rank zero is asked to write. A logger may also have
/// `void after_save_checkpoint(RunView&)`, called when a checkpoint callback has saved, and
/// `void save_soon()`, called after each record in the place of `save`: what was logged is on its way,
/// but a slow disk holds up no step.
template <class L>
concept Logger =
    std::same_as<family_of_t<L>, logger_tag> &&
    requires(L& logger, const L& constant, RunView& run, const MetricTable& metrics,
             const HyperParams& params, std::int64_t step, std::string_view status) {
      logger.open(run);  // before the setup hooks: finds its place; all ranks
      { constant.name() } -> std::same_as<std::string>;      // files go to
      { constant.version() } -> std::same_as<std::string>;   //   save_dir / name / version
      { constant.save_dir() } -> std::same_as<std::string>;  // empty: the trainer's folder
      logger.log_metrics(metrics, step);
      logger.log_hyperparams(params);
      logger.save();            // everything logged so far is safe
      logger.finalize(status);  // "success", "failed" or "finished"; may be opened again
    };

namespace archetype {
/// The smallest legal logger: it forgets everything.
struct Logger {
  using policy_family = logger_tag;
  void open(RunView&) {}
  std::string name() const { return "archetype"; }
  std::string version() const { return "version_0"; }
  std::string save_dir() const { return {}; }
  void log_metrics(const MetricTable&, std::int64_t) {}
  void log_hyperparams(const HyperParams&) {}
  void save() {}
  void finalize(std::string_view) {}
};
}  // namespace archetype

class CsvLogger;
class JsonlLogger;
class TensorBoardLogger;

namespace logger {
/// All loggers, the default first.
using all = type_list<CsvLogger, JsonlLogger, TensorBoardLogger>;
}  // namespace logger

}  // namespace lt
