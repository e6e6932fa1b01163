// SPDX-License-Identifier: Apache-2.0
// The engine of a trainer as the loops of a search see it: everything goes to the engine itself,
// but schedules stand still, nothing is announced or logged, and a recorder sees every batch.
#pragma once

#include "lt/core/hooks.hpp"
#include "lt/core/run_state.hpp"
#include "lt/loops/fit_loop.hpp"
#include "lt/tuner/rate_recorder.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace lt {

/// Satisfies what lt/loops/ ask of an engine.
template <class E>
class SearchEngine {
 public:
  /// Without a recorder the rates are the optimizers' own.
  explicit SearchEngine(E& engine, RateRecorder* recorder = nullptr)
      : e_(&engine), recorder_(recorder) {}

  /// Trains until the limits in the engine's options or the recorder end it.
  void run() {
    FitLoop<SearchEngine> loop(*this);
    loop_ = &loop;
    loop.run();
    loop_ = nullptr;
  }

  RunState& state() { return e_->state(); }
  TrainerOptions& options() { return e_->options(); }
  Messages& messages() { return e_->messages(); }
  auto& metrics() { return e_->metrics(); }
  bool interrupted() const { return e_->interrupted(); }
  auto measure(std::string_view action) { return e_->measure(action); }

  // -- what a search does differently -------------------------------------------------------------
  bool announce_stop(StopReason reason) {
    state().stop_reason = reason;
    return true;
  }
  bool has_loggers() { return false; }
  void save_loggers() {}
  void step_schedulers(ScheduleInterval, bool) {}
  void warn_if_position_is_lost() {}
  bool validates_this_epoch() { return loop_->epoch.should_check_val_epoch(); }
  template <class Batch>
  std::int64_t train_batch_start(Batch& batch, std::int64_t batch_idx) {
    if (recorder_ != nullptr) {
      recorder_->before_batch(*e_);
    }
    return e_->train_batch_start(batch, batch_idx);
  }
  template <class Batch>
  void train_batch_end(Batch& batch, std::int64_t batch_idx) {
    if (recorder_ != nullptr) {
      recorder_->after_batch(*e_);
    }
    e_->train_batch_end(batch, batch_idx);
  }

  // -- the rest as it is --------------------------------------------------------------------------
  template <class H, class... Args>
  void fire(Args&&... args) {
    e_->template fire<H>(args...);
  }
  template <class H, class... Args>
  decltype(auto) call_model(Args&&... args) {
    return e_->template call_model<H>(args...);
  }
  template <class H>
  bool model_has() {
    return e_->template model_has<H>();
  }
  template <class Batch>
  decltype(auto) transfer(Batch&& batch, std::int64_t loader) {
    return e_->transfer(std::forward<Batch>(batch), loader);
  }

  BatchCount load_train_data() { return e_->load_train_data(); }
  auto& train_source() { return e_->train_source(); }
  template <class Batch>
  bool training_step(Batch& batch, std::int64_t batch_idx) {
    return e_->training_step(batch, batch_idx);
  }
  template <class Batch>
  void manual_step(Batch& batch, std::int64_t batch_idx) {
    e_->manual_step(batch, batch_idx);
  }
  void zero_grad(std::int64_t batch_idx) { e_->zero_grad(batch_idx); }
  void backward() { e_->backward(); }
  template <class Closure>
  void optimizer_step(std::int64_t batch_idx, const Closure& closure) {
    e_->optimizer_step(batch_idx, closure);
  }
  auto no_backward_sync() { return e_->no_backward_sync(); }
  void train_epoch_end() { e_->train_epoch_end(); }

  template <Evaluation Kind>
  static constexpr bool can_evaluate() {
    return E::template can_evaluate<Kind>();
  }
  bool validation_enabled() { return e_->validation_enabled(); }
  void note_validation_time() { e_->note_validation_time(); }
  bool validation_time_due() const { return e_->validation_time_due(); }
  void note_validation_ran(bool ran) { e_->note_validation_ran(ran); }
  template <Evaluation Kind>
  void load_eval_data() {
    e_->template load_eval_data<Kind>();
  }
  template <Evaluation Kind>
  auto& eval_source() {
    return e_->template eval_source<Kind>();
  }
  template <Evaluation Kind>
  auto no_grad_guard() {
    return e_->template no_grad_guard<Kind>();
  }
  template <class H, class Batch>
  auto eval_step(Batch& batch, std::int64_t batch_idx, std::int64_t loader) {
    return e_->template eval_step<H>(batch, batch_idx, loader);
  }
  void capture_modes() { e_->capture_modes(); }
  void restore_modes() { e_->restore_modes(); }

 private:
  E* e_;
  RateRecorder* recorder_;
  FitLoop<SearchEngine>* loop_ = nullptr;
};

}  // namespace lt
