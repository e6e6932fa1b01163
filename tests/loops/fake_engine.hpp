// SPDX-License-Identifier: Apache-2.0
// An engine without tensors: it runs the loops and writes down what they do.
#pragma once

#include <lt/core/errors.hpp>
#include <lt/core/limits.hpp>
#include <lt/loops/engine.hpp>
#include <lt/loops/fit_loop.hpp>
#include <lt/loops/prediction_loop.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct Batch {
  std::string name;  // "1:0" is batch 1 of loader 0
};

/// Loaders of a given number of batches, one after the other.
class FakeSource {
 public:
  struct Loader {
    std::int64_t size = 0;
    bool known = true;  // false: a stream of unknown length
  };

  std::vector<Loader> loaders;
  std::vector<std::int64_t> epochs;  // what set_epoch was told
  bool in_sequence = true;

  std::vector<lt::BatchCount> sizes() const {
    std::vector<lt::BatchCount> out;
    for (const Loader& loader : loaders) {
      out.push_back(loader.known ? lt::BatchCount(loader.size) : lt::BatchCount::infinite());
    }
    return out;
  }
  void set_limits(std::vector<lt::BatchCount> limits) { limits_ = std::move(limits); }
  const std::vector<lt::BatchCount>& max_batches() const { return limits_; }
  bool sequential() const { return in_sequence; }
  void set_epoch(std::int64_t epoch) { epochs.push_back(epoch); }

  void restart(std::int64_t skipped) {
    loader_ = 0;
    fetched_ = skipped;
  }
  void count_as_fetched(std::int64_t count) { fetched_ += count; }
  bool next() {
    while (loader_ < loaders.size() && fetched_ >= available(loader_)) {
      ++loader_;
      fetched_ = 0;
    }
    if (loader_ == loaders.size()) {
      return false;
    }
    ++fetched_;
    batch_.name = std::to_string(fetched_ - 1) + ":" + std::to_string(loader_);
    return true;
  }
  bool done() const {
    for (std::size_t later = loader_ + 1; later < loaders.size(); ++later) {
      if (available(later) > 0) {
        return false;
      }
    }
    return loader_ >= loaders.size() || fetched_ >= available(loader_);
  }
  Batch& batch() { return batch_; }
  std::int64_t batch_idx() const { return fetched_ - 1; }
  std::int64_t dataloader_idx() const {
    return static_cast<std::int64_t>(std::min(loader_, loaders.size() - 1));
  }

 private:
  std::int64_t available(std::size_t loader) const {
    return std::min(loaders[loader].size, limits_[loader].value());
  }

  std::vector<lt::BatchCount> limits_;
  std::size_t loader_ = 0;
  std::int64_t fetched_ = 0;
  Batch batch_;
};

/// Writes down when the loops hand over metrics, with the loggers' x axis.
class FakeMetrics {
 public:
  explicit FakeMetrics(const lt::RunState& state) : state_(&state) {}

  std::vector<std::string> log;
  std::vector<lt::MetricTable> of_loaders;  // what eval_epoch_metrics returns, one after the other

  void on_batch_start(const Batch& batch, std::optional<std::int64_t> loader) {
    note("batch ", batch.name, loader ? " of several" : "");
  }
  void on_batch_end() {}
  void epoch_end_reached() {}
  void leave_dataloaders() {}
  void on_epoch_end() {}
  void write_train_step() { note("train step ", state_->fit.batches_that_stepped); }
  void write_train_epoch() { note("train epoch ", state_->fit.batches_that_stepped); }
  void write_eval_step(std::int64_t seen) { note("eval step ", seen); }
  lt::MetricTable eval_epoch_metrics() {
    lt::MetricTable out;
    if (asked_ < of_loaders.size()) {
      out = of_loaders[asked_];
    }
    ++asked_;
    return out;
  }
  void write_eval_end(const lt::MetricTable& all) {
    std::string line = "eval end";
    for (const auto& [name, value] : all) {
      line += lt::text(" ", name, "=", value);
    }
    log.push_back(line);
  }
  void reset_results() { note("reset"); }
  int save_iteration() { return 7; }
  void restore_iteration(int saved) { note("restored ", saved); }

 private:
  template <class... Ts>
  void note(const Ts&... what) {
    log.push_back(lt::text(what...));
  }

  const lt::RunState* state_;
  std::size_t asked_ = 0;
};

class FakeEngine {
 public:
  struct Guard {
    int* depth;
    explicit Guard(int& counter) : depth(&counter) { ++*depth; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --*depth; }
  };

  explicit FakeEngine(lt::TrainerOptions options, std::int64_t train_batches = 3,
                      std::vector<std::int64_t> val_batches = {2})
      : options_(std::move(options)), metrics_(state_), fit_loop(*this) {
    train.loaders = {{train_batches, true}};
    for (const std::int64_t size : val_batches) {
      eval.loaders.push_back({size, true});
    }
    messages_.set_sink([this](const lt::Message& message) { said.emplace_back(message.code); });
  }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  // -- to be set by tests -------------------------------------------------------------------------
  FakeSource train;
  FakeSource eval;
  FakeSource predict_data;
  std::function<void(lt::HookId, FakeEngine&)> on_hook;  // after a hook was noted
  std::function<bool(const FakeEngine&)> skips_epoch;    // what on_train_batch_start returns
  bool step_has_loss = true;
  bool calls_closure = true;
  bool loggers = false;
  bool is_interrupted = false;
  bool time_is_due = false;
  std::set<lt::HookId> model_hooks = {lt::HookId::validation_step, lt::HookId::test_step};

  // -- to be read by tests ------------------------------------------------------------------------
  std::vector<std::string> events;     // hooks and steps, with their indices
  std::vector<std::string> schedules;  // calls of step_schedulers
  std::vector<std::string> said;       // codes of messages
  std::vector<std::vector<std::string>> predictions;
  int without_grad = 0;
  int without_sync = 0;
  int logger_saves = 0;
  int lost_positions = 0;
  int validation_times = 0;

  /// What TrainerRun does around the loop, without set-up and sanity check.
  void fit(const lt::FitProgress* checkpoint = nullptr) {
    state_.fn = lt::RunFn::fit;
    state_.stage = lt::Stage::train;
    lt::Plan& plan = state_.plan;
    plan.max_epochs = options_.max_epochs.value_or(options_.max_steps == -1 ? 1000 : -1);
    plan.min_epochs = options_.min_epochs.value_or(options_.min_steps ? 1 : 0);
    plan.accumulate_grad_batches = options_.accumulate_grad_batches;
    if (checkpoint != nullptr) {
      state_.fit = *checkpoint;
      fit_loop.on_loaded();
    }
    fit_loop.run();
  }

  /// The hooks of a fit in short: { } on_train_start and end, [ ] an epoch, ( ) a validation,
  /// 2*. is training batch 2 with an optimizer step, 1:1 validation batch 1 of loader 1, T and V
  /// ask for loaders.
  std::string in_short() const {
    static const std::vector<std::pair<std::string_view, std::string_view>> signs = {
        {"on_train_start", " {"},       {"on_train_end", " }"},
        {"on_train_epoch_start", " ["}, {"on_train_epoch_end", " ]"},
        {"on_validation_start", " ("},  {"on_validation_end", " )"},
        {"on_train_batch_start", " #"}, {"optimizer_step", "*"},
        {"on_train_batch_end", "."},    {"validation_step", " #"},
        {"train_dataloader", " T"},     {"val_dataloader", " V"}};
    std::string out;
    for (const std::string& event : events) {
      const std::size_t space = event.find(' ');
      const std::string name = event.substr(0, space);
      for (const auto& [hook, sign] : signs) {
        if (hook == name) {
          const std::size_t number = sign.find('#');
          out += sign.substr(0, number);
          if (number != std::string_view::npos) {
            out += event.substr(space + 1);
          }
        }
      }
    }
    return out.empty() ? out : out.substr(1);
  }
  /// Why and where a fit ended: "max_epochs 2 6" is reason, epoch, global step.
  std::string end() const {
    return lt::text(state_.stop_reason, " ", state_.current_epoch(), " ", state_.global_step());
  }

  // -- what the loops need ------------------------------------------------------------------------
  lt::RunState& state() { return state_; }
  const lt::RunState& state() const { return state_; }
  lt::TrainerOptions& options() { return options_; }
  lt::Messages& messages() { return messages_; }
  FakeMetrics& metrics() { return metrics_; }
  bool interrupted() const { return is_interrupted; }
  bool has_loggers() const { return loggers; }

  template <class H, class... Args>
  void fire(const Args&... args) {
    note<H>(args...);
  }
  template <class H, class... Args>
  void call_model(const Args&... args) {
    note<H>(args...);
  }
  template <class H>
  bool model_has() const {
    return model_hooks.contains(H::id);
  }

  lt::BatchCount load_train_data() {
    note<lt::hook::train_dataloader>();
    set_limits(train, options_.limit_train_batches, "limit_train_batches");
    train.restart(0);
    return train.max_batches()[0];
  }
  FakeSource& train_source() { return train; }
  template <lt::Evaluation Kind>
  void load_eval_data() {
    if constexpr (Kind == lt::Evaluation::test) {
      note<lt::hook::test_dataloader>();
      set_limits(eval, options_.limit_test_batches, "limit_test_batches");
    } else {
      note<lt::hook::val_dataloader>();
      set_limits(eval, options_.limit_val_batches, "limit_val_batches");
    }
  }
  template <lt::Evaluation Kind>
  FakeSource& eval_source() {
    return eval;
  }
  bool validation_enabled() const {
    return !eval.loaders.empty() && !options_.limit_val_batches.is_zero() &&
           model_has<lt::hook::validation_step>();
  }
  bool validates_this_epoch() const { return fit_loop.epoch.should_check_val_epoch(); }
  void note_validation_ran(bool) {}

  Batch& transfer(Batch& batch, std::int64_t) { return batch; }
  std::int64_t train_batch_start(Batch& batch, std::int64_t batch_idx) {
    note<lt::hook::on_train_batch_start>(batch, batch_idx);
    return skips_epoch && skips_epoch(*this) ? -1 : 0;
  }
  bool training_step(Batch& batch, std::int64_t batch_idx) {
    note<lt::hook::training_step>(batch, batch_idx);
    return step_has_loss;
  }
  void zero_grad(std::int64_t batch_idx) { note<lt::hook::optimizer_zero_grad>(batch_idx); }
  void backward() { note<lt::hook::backward>(); }
  template <class Closure>
  void optimizer_step(std::int64_t batch_idx, const Closure& closure) {
    note<lt::hook::optimizer_step>(batch_idx);
    if (calls_closure) {
      closure();
    }
    note<lt::hook::on_before_optimizer_step>();
  }
  void manual_step(Batch& batch, std::int64_t batch_idx) {
    note<lt::hook::training_step>(batch, batch_idx);
    state_.fit.manual_steps.add(1);
  }
  Guard no_backward_sync() { return Guard(without_sync); }
  void train_batch_end(Batch& batch, std::int64_t batch_idx) {
    note<lt::hook::on_train_batch_end>(batch, batch_idx);
  }
  void train_epoch_end() { note<lt::hook::on_train_epoch_end>(); }
  void step_schedulers(lt::ScheduleInterval interval, bool plateau) {
    schedules.push_back(lt::text(interval, plateau ? " plateau " : " ", state_.batch_idx()));
  }
  bool validation_time_due() const { return time_is_due; }
  void note_validation_time() { ++validation_times; }
  bool announce_stop(lt::StopReason reason) {
    state_.stop_reason = reason;
    return true;
  }
  void save_loggers() { ++logger_saves; }
  void warn_if_position_is_lost() { ++lost_positions; }

  template <lt::Evaluation Kind>
  Guard no_grad_guard() {
    return Guard(without_grad);
  }
  void capture_modes() { events.emplace_back("capture_modes"); }
  void restore_modes() { events.emplace_back("restore_modes"); }
  template <class H>
  int eval_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    note<H>(batch, batch_idx, loader);
    return 0;
  }

  void load_predict_data() {
    note<lt::hook::predict_dataloader>();
    set_limits(predict_data, options_.limit_predict_batches, "limit_predict_batches");
  }
  FakeSource& predict_source() { return predict_data; }
  Guard predict_guard() { return Guard(without_grad); }
  void begin_predictions(std::size_t loaders) { predictions.assign(loaders, {}); }
  std::string predict_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    note<lt::hook::predict_step>(batch, batch_idx, loader);
    return batch.name;
  }
  void store_prediction(std::string prediction, std::int64_t loader) {
    predictions[static_cast<std::size_t>(loader)].push_back(std::move(prediction));
  }

 private:
  lt::RunState state_;
  lt::TrainerOptions options_;
  lt::Messages messages_;
  FakeMetrics metrics_;

 public:
  lt::FitLoop<FakeEngine> fit_loop;

 private:
  static void add_index(std::string& out, std::int64_t index) {
    out += " " + std::to_string(index);
  }
  template <class T>
  static void add_index(std::string&, const T&) {}

  // "validation_step 1:0" for batch 1 of loader 0 is shortened to "validation_step 1".
  template <class H, class... Args>
  void note(const Args&... args) {
    std::string line;
    (add_index(line, args), ...);
    if (line.ends_with(" 0") && line.find(' ', 1) != std::string::npos) {
      line.resize(line.size() - 2);
    }
    if (const std::size_t second = line.find(' ', 1); second != std::string::npos) {
      line[second] = ':';
    }
    events.push_back(std::string(lt::hook_info(H::id).name) + line);
    if (on_hook) {
      on_hook(H::id, *this);
    }
  }

  static void set_limits(FakeSource& source, lt::BatchLimit limit, std::string_view option) {
    std::vector<lt::BatchCount> limits;
    for (const lt::BatchCount size : source.sizes()) {
      limits.push_back(lt::apply_limit(size, limit, option));
    }
    source.set_limits(std::move(limits));
  }
};
