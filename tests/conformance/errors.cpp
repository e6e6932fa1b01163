// SPDX-License-Identifier: Apache-2.0
#include "errors.hpp"

#include "lt/core/errors.hpp"

#include <string_view>

namespace conformance {

namespace {

constexpr std::string_view misconfiguration = "MisconfigurationException";

// One row for each way in which `lt` may fail: the code in the text, a text that must occur (codes
// that stand for several errors), and what Python calls it.
struct Row {
  std::string_view code;
  std::string_view contains;
  std::string_view type;
  std::string_view gist;
};

constexpr Row rows[] = {
    // trainer options
    {"E120", "", misconfiguration, "invalid_max_epochs"},
    {"E121", "", misconfiguration, "invalid_max_steps"},
    {"E124", "", misconfiguration, "invalid_fast_dev_run"},
    {"E125", "", misconfiguration, "invalid_batch_limit"},
    {"E126", "", misconfiguration, "invalid_batch_limit"},
    {"E127", "", misconfiguration, "invalid_batch_limit"},
    {"E128", "", misconfiguration, "invalid_batch_limit"},
    {"E129", "", misconfiguration, "invalid_batch_limit"},
    {"E130", "", misconfiguration, "invalid_batch_limit"},
    {"E133", "", misconfiguration, "fractional_val_check_interval_across_epochs"},
    {"E139", "", "ValueError", "barebones_conflict"},
    {"E140", "", "ValueError", "barebones_conflict"},
    {"E141", "", "ValueError", "barebones_conflict"},
    {"E142", "", "ValueError", "barebones_conflict"},
    {"E143", "", "ValueError", "barebones_conflict"},
    {"E144", "", "ValueError", "barebones_conflict"},
    {"E145", "", "ValueError", "barebones_conflict"},
    {"E146", "", "ValueError", "barebones_conflict"},
    {"E187", "", misconfiguration, "checkpointing_disabled"},
    {"E188", "", "RuntimeError", "duplicate_callback_state"},
    // data
    {"E116", "", misconfiguration, "UNCLASSIFIED: no loader"},
    {"E131", "", misconfiguration, "fractional_limit_needs_length"},
    {"E132", "", misconfiguration, "batch_limit_rounds_to_zero"},
    {"E151", "", "ValueError", "predict_needs_sequential_loader"},
    {"E153", "", "ValueError", "val_check_interval_exceeds_epoch"},
    {"E154", "", misconfiguration, "fractional_val_check_interval_needs_length"},
    // model
    {"E155", "", misconfiguration, "no_loss_in_output"},
    {"E158", "", "RuntimeError", "several_optimizers_need_manual"},
    {"E189", "", "TypeError", "no_model"},
    {"E191", "", misconfiguration, "clipping_in_manual_optimization"},
    {"E192", "", misconfiguration, "accumulation_in_manual_optimization"},
    {"E193", "training_step", misconfiguration, "no_training_step"},
    {"E193", "configure_optimizers", misconfiguration, "no_configure_optimizers"},
    {"E193", "", misconfiguration, "no_step_for_entry"},
    // schedules
    {"E185", "", misconfiguration, "plateau_without_monitor"},
    {"E186", "", misconfiguration, "plateau_metric_missing"},
    // logging
    {"E161", "", misconfiguration, "logged_twice_differently"},
    {"E162", "", misconfiguration, "log_not_allowed_in_predict"},
    {"E164", "", misconfiguration, "log_not_allowed_here"},
    {"E165", "", misconfiguration, "log_level_not_allowed_here"},
    {"E166", "", misconfiguration, "reserved_metric_name"},
    {"E167", "", misconfiguration, "log_neither_step_nor_epoch"},
    // callbacks
    {"E301", "", "RuntimeError", "early_stopping_metric_missing"},
    {"E302", "", misconfiguration, "checkpoint_metric_missing"},
    {"E303", "", misconfiguration, "invalid_save_top_k"},
    {"E304", "", misconfiguration, "save_top_k_without_monitor"},
    {"E307", "", misconfiguration, "exclusive_checkpoint_triggers"},
    {"E330", "", misconfiguration, "invalid_timer_duration"},
    {"E333", "", "TypeError", "empty_accumulation_schedule"},
    {"E334", "", misconfiguration, "invalid_accumulation_epoch"},
    {"E335", "", misconfiguration, "invalid_accumulation_factor"},
    {"E337", "", "RuntimeError", "accumulation_schedule_in_manual_optimization"},
    {"E338", "", "ValueError", "accumulation_set_twice"},
    {"E344", "", misconfiguration, "lr_monitor_without_logger"},
    {"E345", "", misconfiguration, "duplicate_group_names"},
    {"E610", "", misconfiguration, "invalid_swa_epoch_start"},
    {"E611", "", misconfiguration, "invalid_swa_lrs"},
    {"E613", "", misconfiguration, "swa_needs_one_optimizer"},
    {"E614", "", misconfiguration, "swa_needs_one_scheduler"},
    {"E615", "", misconfiguration, "swa_fraction_needs_max_epochs"},
    // checkpoints
    {"E201", "Checkpoint file not found", "FileNotFoundError", "checkpoint_file_missing"},
    {"E202", "", misconfiguration, "checkpoint_beyond_max_epochs"},
    {"E203", "", "KeyError", "checkpoint_has_only_weights"},
    {"E204", "", "ValueError", "no_checkpoint_callback"},
    {"E205", "", "ValueError", "no_checkpoint_in_fast_dev_run"},
    {"E206", "", "ValueError", "no_best_checkpoint"},
    // LibTorch's own
    {"", "returned nan values in its", "RuntimeError", "anomaly_detected"},
    {"", "Expected more than 1 value per channel", "ValueError", "UNCLASSIFIED: batch norm"},
};

bool matches(const Row& row, std::string_view text) {
  const bool code =
      row.code.empty() || text.find("[" + std::string(row.code) + "]") != std::string_view::npos;
  return code && text.find(row.contains) != std::string_view::npos;
}

}  // namespace

Described describe(const std::exception& exception) {
  if (const auto* own = dynamic_cast<const CaseError*>(&exception)) {
    return own->described();
  }
  if (dynamic_cast<const lt::Interrupted*>(&exception) != nullptr) {
    return {"SystemExit", "interrupted"};
  }
  const std::string_view text = exception.what();
  for (const Row& row : rows) {
    if (matches(row, text)) {
      return {std::string(row.type), std::string(row.gist)};
    }
  }
  return {"RuntimeError", "UNCLASSIFIED: " + std::string(text)};
}

std::string type_in_hook(const std::exception& exception) {
  return dynamic_cast<const lt::Interrupted*>(&exception) != nullptr ? "KeyboardInterrupt"
                                                                     : describe(exception).type;
}

}  // namespace conformance
