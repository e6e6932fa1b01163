// SPDX-License-Identifier: Apache-2.0
// ModelCheckpoint: which checkpoints a run keeps.
#pragma once

#include "lt/core/clock.hpp"
#include "lt/core/filename.hpp"
#include "lt/core/yaml_text.hpp"
#include "lt/policies/callback.hpp"
#include "lt/policies/callback/model_checkpoint_options.hpp"

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace lt {

/// Saves checkpoints at the end of epochs, every n steps, or after some time, and keeps the best,
/// the latest, or all of them.
///
/// Fires: after every save, the loggers' `after_save_checkpoint`. Ranks: all take the same
/// decisions. Errors: lt::ConfigError when the monitored metric is missing after a validation.
/// Source: Lightning, callbacks/model_checkpoint.py.
class ModelCheckpoint {
 public:
  using Options = ModelCheckpointOptions;
  using State = ModelCheckpointState;
  static constexpr std::string_view name = "ModelCheckpoint";
  static constexpr CallbackOrder order = CallbackOrder::checkpoint;

  ModelCheckpoint() : ModelCheckpoint(Options{}) {}
  explicit ModelCheckpoint(Options options) : options_(std::move(options)) {
    validate(options_, name);
    const bool no_trigger =
        !options_.every_n_train_steps && !options_.every_n_epochs && !options_.train_time_interval;
    every_n_epochs_ = options_.every_n_epochs.value_or(no_trigger ? 1 : 0);
    every_n_train_steps_ = options_.every_n_train_steps.value_or(0);
    kth_value_.value = options_.mode == Mode::min ? infinity : -infinity;
    if (!options_.dirpath.empty()) {
      dirpath_ = real_path(options_.dirpath.str());
    }
  }

  // Parts of the file names; they may be set before a run. The name of the last checkpoint may have
  // fields, too.
  std::string CHECKPOINT_JOIN_CHAR = "-";
  std::string CHECKPOINT_EQUALS_CHAR = "=";
  std::string CHECKPOINT_NAME_LAST = "last";
  std::string FILE_EXTENSION = ".ckpt";
  std::int64_t STARTING_VERSION = 1;

  const Options& options() const { return options_; }
  /// Empty until the first run has begun, unless it was given.
  const std::string& dirpath() const { return dirpath_; }
  const std::string& best_model_path() const { return best_model_path_; }
  std::optional<double> best_model_score() const { return number(best_model_score_); }
  const std::string& last_model_path() const { return last_model_path_; }
  std::optional<double> current_score() const { return number(current_score_); }
  const std::string& kth_best_model_path() const { return kth_best_model_path_; }
  double kth_value() const { return kth_value_.value; }
  const ScoredPaths& best_k_models() const { return best_k_models_; }
  std::int64_t every_n_epochs() const { return every_n_epochs_; }

  void set_clock(Clock clock) { clock_ = clock; }

  // -- hooks ------------------------------------------------------------------------------------

  void setup(RunView& run, RunFn stage) {
    dirpath_ = run.broadcast(resolve_dirpath(run));
    if (run.is_global_zero() && stage == RunFn::fit) {
      warn_if_not_empty(run);
    }
  }

  void on_train_start(RunView& run) {
    last_time_checked_ = clock_();
    if (!changed_dirpath_.empty()) {
      run.messages().warn("W303", std::exchange(changed_dirpath_, {}));
    }
  }

  template <class Outputs, class Batch>
  void on_train_batch_end(RunView& run, const Outputs&, const Batch&, std::int64_t) {
    if (every_n_train_steps_ >= 1 || options_.train_time_interval) {
      after_batch(run);
    }
  }

  void on_train_epoch_end(RunView& run) {
    if (!should_skip(run) && saves_on_train_epoch_end(run)) {
      after_epoch(run);
    }
  }

  void on_validation_end(RunView& run) {
    if (should_skip(run) || saves_on_train_epoch_end(run)) {
      return;
    }
    if (deferred_) {
      const NamedNumbers numbers = candidates(run);
      save_top_k(run, numbers);
      save_last(run, numbers);
      deferred_ = false;
      return;
    }
    after_epoch(run);
  }

  void on_train_end(RunView& run) {
    // Lightning writes this one under fast_dev_run, too.
    if (run.fast_dev_run() && run.options().compat == Compat::lt) {
      return;
    }
    if (options_.save_last != SaveLast::none && last_checkpoint_saved_.empty()) {
      save_last(run, candidates(run));
    }
  }

  void on_exception(RunView& run, const std::exception& exception) {
    if (!options_.save_on_exception || run.fast_dev_run() || run.sanity_checking() ||
        last_global_step_saved_ == run.global_step()) {
      return;
    }
    const NamedNumbers numbers = candidates(run);
    const std::string path = path_of(numbers, options_.filename, {});
    save(run, path);
    save_last(run, numbers);
    run.messages().info("I302", text("the run ended by an exception (", exception.what(),
                                     "); saved checkpoint to ", path));
  }

  // -- state ------------------------------------------------------------------------------------

  std::string state_key() const {
    const auto optional = [](bool has, const std::string& repr) { return has ? repr : "None"; };
    return text(name, "{'monitor': ",
                optional(!options_.monitor.empty(), python_repr(options_.monitor.view())),
                ", 'mode': ", python_repr(enum_name(options_.mode)),
                ", 'every_n_train_steps': ", every_n_train_steps_,
                ", 'every_n_epochs': ", every_n_epochs_, ", 'train_time_interval': ",
                optional(options_.train_time_interval.has_value(),
                         python_repr(options_.train_time_interval.value_or(Duration{}))),
                "}");
  }

  State state_dict() const {
    State state;
    if (!options_.monitor.empty()) {
      state.monitor = options_.monitor.str();
    }
    state.best_model_score = best_model_score_;
    state.best_model_path = best_model_path_;
    state.current_score = current_score_;
    state.dirpath = dirpath_;
    state.best_k_models = best_k_models_;
    state.kth_best_model_path = kth_best_model_path_;
    state.kth_value = kth_value_;
    state.last_model_path = last_model_path_;
    return state;
  }

  /// Takes over what was kept if the folder is the same; else only the path of the best checkpoint.
  void load_state_dict(const State& state) {
    best_model_path_ = state.best_model_path;
    if (state.dirpath != dirpath_) {
      changed_dirpath_ = text("ModelCheckpoint: dirpath was '", state.dirpath, "' and is now '",
                              dirpath_, "': of the checkpoint's state only best_model_path = '",
                              best_model_path_, "' is used");
      return;
    }
    best_model_score_ = state.best_model_score;
    kth_best_model_path_ = state.kth_best_model_path;
    kth_value_ = state.kth_value;
    best_k_models_ = state.best_k_models;
    last_model_path_ = state.last_model_path;
  }

  // -- files ------------------------------------------------------------------------------------

  /// The checkpoints that `ckpt_path = "last"` may mean: those whose name begins as the last one's.
  std::vector<std::filesystem::path> find_last_checkpoints(RunView& run) const {
    std::vector<std::filesystem::path> found;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(resolve_dirpath(run), none)) {
      const std::filesystem::path& path = entry.path();
      if (path.extension() == FILE_EXTENSION &&
          path.stem().string().starts_with(CHECKPOINT_NAME_LAST)) {
        found.push_back(path.lexically_normal());
      }
    }
    return found;
  }

  /// Writes the kept checkpoints and their scores; by default to `dirpath/best_k_models.yaml`.
  void to_yaml(std::filesystem::path path = {}) const {
    path = path.empty() ? std::filesystem::path(dirpath_) / "best_k_models.yaml" : path;
    HyperParams scores;
    for (const auto& [file, score] : best_k_models_) {
      scores.push_back({file, {score.value}});
    }
    std::ofstream out(path);
    out << yaml_text(scores);
    if (!out.flush()) {
      throw CheckpointError(text("lt[E308] ModelCheckpoint: cannot write '", path.string(), "'"));
    }
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static std::optional<double> number(const std::optional<Score>& score) {
    return score ? std::optional(score->value) : std::nullopt;
  }

  // -- when -------------------------------------------------------------------------------------

  bool should_skip(const RunView& run) const {
    return run.fast_dev_run() || run.fn() != RunFn::fit || run.sanity_checking() ||
           last_global_step_saved_ == run.global_step();
  }

  static bool has_validation_batches(const RunView& run) {
    for (const BatchCount count : run.state().plan.num_val_batches) {
      if (count != BatchCount(0)) {
        return true;
      }
    }
    return false;
  }

  bool saves_on_train_epoch_end(const RunView& run) const {
    const TrainerOptions& trainer = run.options();
    if (options_.save_on_train_epoch_end) {
      return *options_.save_on_train_epoch_end;
    }
    if (trainer.val_check_interval.is_time() || trainer.check_val_every_n_epoch != 1) {
      return false;
    }
    return !has_validation_batches(run) || trainer.val_check_interval.batches().fraction() == 1.0;
  }

  // The metric a validation is about to renew should not be used in its old form.
  bool validation_follows(const RunView& run) const {
    const auto every = run.options().check_val_every_n_epoch;
    return run.state().fit.batches.is_last_batch && run.validation_enabled &&
           has_validation_batches(run) && (!every || (run.current_epoch() + 1) % *every == 0);
  }

  void after_batch(RunView& run) {
    const bool step_due =
        every_n_train_steps_ >= 1 && run.global_step() % every_n_train_steps_ == 0;
    const bool automatic = run.state().automatic_optimization;
    bool time_due = false;
    if (automatic && options_.train_time_interval) {
      const double now = clock_();
      time_due = run.rank_zero_decides(
          last_time_checked_ && now - *last_time_checked_ >= options_.train_time_interval->count());
      if (time_due) {
        last_time_checked_ = now;
      }
    }
    if (!step_due && !time_due) {
      return;
    }
    if (!automatic && should_skip(run)) {
      return;
    }
    const NamedNumbers numbers = candidates(run);
    if (monitors() && !find(numbers, options_.monitor)) {
      deferred_ = true;  // until validation has logged it
      return;
    }
    if (automatic) {
      if (monitors() && !saves_on_train_epoch_end(run) && validation_follows(run)) {
        deferred_ = true;
        return;
      }
      if (should_skip(run)) {
        return;
      }
    } else {
      run.messages().warn("W304",
                          "ModelCheckpoint: under manual optimization a checkpoint of "
                          "every_n_train_steps holds the weights after the optimizer's step");
    }
    save_top_k(run, numbers);
    save_last(run, numbers);
    if (!automatic) {
      last_time_checked_ = clock_();
    }
  }

  void after_epoch(RunView& run) {
    const NamedNumbers numbers = candidates(run);
    if (every_n_epochs_ >= 1 && (run.current_epoch() + 1) % every_n_epochs_ == 0) {
      save_top_k(run, numbers);
    }
    const bool saved_now = last_global_step_saved_ == run.global_step();
    const bool can_link = options_.save_last == SaveLast::link && !last_checkpoint_saved_.empty();
    if (saved_now || can_link) {
      save_last(run, numbers);
    }
  }

  // -- what -------------------------------------------------------------------------------------

  bool monitors() const { return !options_.monitor.empty(); }

  static std::optional<double> find(const NamedNumbers& numbers, std::string_view key) {
    for (const auto& [other, value] : numbers) {
      if (other == key) {
        const auto* whole = std::get_if<std::int64_t>(&value);
        return whole != nullptr ? static_cast<double>(*whole) : std::get<double>(value);
      }
    }
    return std::nullopt;
  }

  // The logged metrics; `epoch` and `step` as whole numbers, the run's own unless logged.
  static NamedNumbers candidates(RunView& run) {
    NamedNumbers out;
    const MetricTable& metrics = run.callback_metrics();
    for (const auto& [key, value] : metrics) {
      const bool whole = key == "epoch" || key == "step";
      out.emplace_back(key, whole ? PythonNumber(static_cast<std::int64_t>(value)) : value);
    }
    if (!metrics.contains("epoch")) {
      out.emplace_back("epoch", run.current_epoch());
    }
    if (!metrics.contains("step")) {
      out.emplace_back("step", run.global_step());
    }
    return out;
  }

  void save_top_k(RunView& run, const NamedNumbers& numbers) {
    if (options_.save_top_k == 0) {
      return;
    }
    if (!monitors()) {
      save_latest(run, numbers);
      return;
    }
    const std::optional<double> current = find(numbers, options_.monitor);
    if (!current) {
      report_missing(run, numbers);
    }
    if (is_in_top_k(run, current)) {
      save_scored(run, {*current, run.metrics_in_double}, numbers);
    } else if (options_.verbose) {
      run.messages().info("I301", text(moment(numbers), python_repr(options_.monitor.view()),
                                       " was not in top ", options_.save_top_k));
    }
  }

  void report_missing(RunView& run, const NamedNumbers& numbers) const {
    std::vector<std::string> names;
    for (const auto& entry : numbers) {
      names.push_back(entry.first);
    }
    const std::string message =
        text("ModelCheckpoint: monitor = '", options_.monitor,
             "' is not among the logged metrics; ", "found ", names,
             "; expected one of these, or log(\"", options_.monitor, "\", value) in the model");
    if (run.val_loop_has_run) {
      throw ConfigError("lt[E302] " + message);
    }
    run.messages().warn("W302", message);
  }

  bool is_in_top_k(RunView& run, std::optional<double> current) const {
    if (!current) {
      return false;
    }
    if (options_.save_top_k == -1 ||
        static_cast<std::int64_t>(best_k_models_.size()) < options_.save_top_k) {
      return true;
    }
    return run.all_agree(better(options_.mode, *current, score_of(kth_best_model_path_)));
  }

  double score_of(const std::string& path) const {
    for (const auto& [other, score] : best_k_models_) {
      if (other == path) {
        return score.value;
      }
    }
    return kth_value_.value;
  }

  // Without a monitor: the latest, or all.
  void save_latest(RunView& run, const NamedNumbers& numbers) {
    const std::string path = free_path(run, numbers, options_.filename, best_model_path_);
    // Set before saving: it is part of the state that is saved.
    const std::string previous = std::exchange(best_model_path_, path);
    save(run, path);
    if (options_.save_top_k == 1) {
      remove_if_old(run, previous, path);
    }
  }

  void save_scored(RunView& run, Score current, const NamedNumbers& numbers) {
    const std::size_t kept = best_k_models_.size();
    const std::size_t k =
        options_.save_top_k == -1 ? kept + 1 : static_cast<std::size_t>(options_.save_top_k);
    std::string replaced;
    if (kept == k) {
      replaced = kth_best_model_path_;
      std::erase_if(best_k_models_, [&](const auto& entry) { return entry.first == replaced; });
    }
    if (current.value != current.value) {  // NaN ranks behind everything
      current.value = options_.mode == Mode::min ? infinity : -infinity;
    }
    const std::string path = free_path(run, numbers, options_.filename, replaced);
    current_score_ = current;
    keep(path, current);
    if (best_k_models_.size() == k) {
      const Mode worst = options_.mode == Mode::min ? Mode::max : Mode::min;
      std::tie(kth_best_model_path_, kth_value_) = foremost(worst);
    }
    const auto& [best_path, best_score] = foremost(options_.mode);
    best_model_path_ = best_path;
    best_model_score_ = best_score;
    if (options_.verbose) {
      run.messages().info("I301", text(moment(numbers), python_repr(options_.monitor.view()),
                                       " reached ", python_format(current.value, "0.5f"), " (best ",
                                       python_format(best_score.value, "0.5f"),
                                       "), saving model to ", python_repr(path), " as top ", k));
    }
    save(run, path);
    remove_if_old(run, replaced, path);
  }

  void keep(const std::string& path, Score score) {
    for (auto& [other, value] : best_k_models_) {
      if (other == path) {
        value = score;
        return;
      }
    }
    best_k_models_.emplace_back(path, score);
  }

  // Of equal scores the first.
  const ScoredPaths::value_type& foremost(Mode mode) const {
    const ScoredPaths::value_type* out = &best_k_models_.front();
    for (const auto& entry : best_k_models_) {
      out = better(mode, entry.second.value, out->second.value) ? &entry : out;
    }
    return *out;
  }

  void save_last(RunView& run, const NamedNumbers& numbers) {
    if (options_.save_last == SaveLast::none) {
      return;
    }
    const std::string path = free_path(run, numbers, CHECKPOINT_NAME_LAST, last_model_path_);
    // Set before saving: it is part of the state that is saved.
    const std::string previous = std::exchange(last_model_path_, path);
    if (options_.save_last == SaveLast::link && !last_checkpoint_saved_.empty() &&
        options_.save_top_k != 0) {
      run.link_checkpoint(last_checkpoint_saved_, path);
    } else {
      save(run, path);
    }
    remove_if_old(run, previous, path);
  }

  // -- files ------------------------------------------------------------------------------------

  void save(RunView& run, const std::string& path) {
    run.save_checkpoint(path, options_.save_weights_only);
    last_global_step_saved_ = run.global_step();
    last_checkpoint_saved_ = path;
    if (run.is_global_zero()) {
      run.after_save_checkpoint();
    }
  }

  // Only files of this folder, and never the one that the run was resumed from.
  void remove_if_old(RunView& run, const std::string& previous, const std::string& current) const {
    if (previous.empty() || previous == current) {
      return;
    }
    const auto normal = [](const std::filesystem::path& path) {
      return std::filesystem::absolute(path).lexically_normal();
    };
    const std::filesystem::path file = normal(previous);
    if (!run.resumed_from().empty() && file == normal(run.resumed_from())) {
      return;
    }
    const std::filesystem::path inside = file.lexically_relative(normal(dirpath_));
    if (!inside.empty() && *inside.begin() != "..") {
      run.remove_checkpoint(previous);
    }
  }

  std::string path_of(const NamedNumbers& numbers, std::string_view filename,
                      std::optional<std::int64_t> version) const {
    const FilenameStyle style{CHECKPOINT_JOIN_CHAR, CHECKPOINT_EQUALS_CHAR,
                              options_.auto_insert_metric_name};
    std::string file = format_filename(filename, numbers, style);
    if (version) {
      file = versioned_filename(file, *version, style);
    }
    return (std::filesystem::path(dirpath_) / (file + FILE_EXTENSION)).string();
  }

  // A name that nobody has; `own` is about to be replaced and does not count.
  std::string free_path(RunView& run, const NamedNumbers& numbers, std::string_view filename,
                        const std::string& own) const {
    std::string path = path_of(numbers, filename, {});
    if (options_.enable_version_counter) {
      std::int64_t version = STARTING_VERSION;
      while (run.any_wants(run.is_global_zero() && exists(path)) && path != own) {
        path = path_of(numbers, filename, version++);
      }
    }
    return path;
  }

  static bool exists(const std::string& path) {
    std::error_code none;
    return std::filesystem::exists(path, none);
  }

  static std::string real_path(std::string path) {
    const char* const home = std::getenv("HOME");
    if (home != nullptr && (path == "~" || path.starts_with("~/"))) {
      path.replace(0, 1, home);
    }
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path)).string();
  }

  std::string resolve_dirpath(RunView& run) const {
    if (!dirpath_.empty()) {
      return dirpath_;
    }
    std::filesystem::path path = run.default_root_dir();
    const std::vector<LoggerPlace> places = run.logger_places();
    if (!places.empty()) {
      const LoggerPlace& place = places.front();
      path = (place.save_dir.empty() ? path : std::filesystem::path(place.save_dir)) / place.name /
             place.version;
    }
    return (path / "checkpoints").lexically_normal().string();
  }

  void warn_if_not_empty(RunView& run) const {
    std::error_code none;
    if (options_.save_top_k != 0 && std::filesystem::is_directory(dirpath_, none) &&
        !std::filesystem::is_empty(dirpath_, none)) {
      run.messages().warn("W301",
                          text("checkpoint folder '", dirpath_, "' exists and is not empty"));
    }
  }

  static std::string moment(const NamedNumbers& numbers) {
    return text("Epoch ", static_cast<std::int64_t>(find(numbers, "epoch").value_or(0.0)),
                ", global step ", static_cast<std::int64_t>(find(numbers, "step").value_or(0.0)),
                ": ");
  }

  Options options_;
  std::int64_t every_n_epochs_ = 0;
  std::int64_t every_n_train_steps_ = 0;
  Clock clock_;

  std::string dirpath_;
  std::optional<Score> current_score_;
  std::optional<Score> best_model_score_;
  std::string best_model_path_;
  std::string last_model_path_;
  ScoredPaths best_k_models_;
  std::string kth_best_model_path_;
  Score kth_value_;

  std::int64_t last_global_step_saved_ = 0;  // nothing to save before the first step
  std::optional<double> last_time_checked_;
  std::string last_checkpoint_saved_;
  bool deferred_ = false;  // a due save waits for validation to log the metric
  std::string changed_dirpath_;
};

}  // namespace lt
