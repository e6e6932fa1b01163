// SPDX-License-Identifier: Apache-2.0
// Fabric: strategy, accelerator and precision as one engine for training loops, written by hand or
// the Trainer's.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/messages.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/part_list.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/rules.hpp"
#include "lt/core/take.hpp"
#include "lt/core/trainer_options.hpp"
#include "lt/data/tensor_tree.hpp"
#include "lt/fabric/entry.hpp"
#include "lt/fabric/logger_run.hpp"
#include "lt/fabric/wrappers.hpp"
#include "lt/metrics/scalar.hpp"
#include "lt/optim/clip.hpp"
#include "lt/optim/params.hpp"
#include "lt/policies/accelerator/cpu.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"
#include "lt/policies/precision/f32.hpp"
#include "lt/policies/strategy/single_device.hpp"
#include "lt/seed.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// How `Fabric::clip_gradients` clips: exactly one of the first two.
struct ClipOptions {
  std::optional<double> max_norm{};  // the norm of all gradients together is at most this
  std::optional<double> clip_val{};  // each element is at most this, and at least minus this
  double norm_type = 2.0;
  bool error_if_nonfinite = true;
};

/// How `Fabric::load` takes a checkpoint.
struct FabricLoadOptions {
  bool strict = true;  // every entry must be there, and fit
};

namespace detail {
template <bool None>
struct NoProfilerInFabric {
  static_assert(None,
                "lt[E413] a profiler among the parts of a Fabric, which would not use it: the loop "
                "is your own; Fix: keep it beside the Fabric and call its start() and stop() in "
                "your loop");
};
}  // namespace detail

/// Composes the three policies that decide where and how a model computes. Each does one thing:
/// the accelerator names the device, the precision the number types, the strategy the ranks.
/// `Parts`: loggers, callbacks, a checkpoint IO. The constructor takes instances in any order.
///
///   lt::Fabric<lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::Bf16Mixed> fabric;
///   fabric.launch();
///   auto [module, optimizer] = fabric.setup(network, adam);
///   auto loader = fabric.setup_dataloaders(data);
///   for (auto batch : loader) {
///     optimizer.zero_grad();
///     fabric.backward(loss_of(module(batch.data), batch.target));
///     fabric.clip_gradients(module, optimizer, {.max_norm = 1.0});
///     optimizer.step();
///   }
template <Strategy S = strategy::SingleDevice, Accelerator A = accelerator::Cpu,
          Precision P = precision::F32, class... Parts>
class Fabric {
 public:
  using strategy_type = S;
  using accelerator_type = A;
  using precision_type = P;

  template <class... Given>
  requires(!std::same_as<std::remove_cvref_t<Given>, Fabric> && ...)
  explicit Fabric(Given&&... given)
      : strategy_(take<S>(given...)),
        accelerator_(take<A>(given...)),
        precision_(take<P>(given...)),
        parts_(take_parts<Parts...>(given...)) {
    report<rule_check<S, A, P, Parts...>>();
    report<
        check_that<count_role<Role::profiler, Parts...> == 0, detail::NoProfilerInFabric<false>>>();
    report<first_mistake<Fine, argument_check<Given, S, A, P, Parts...>...>>();
  }

  S& strategy() { return strategy_; }
  A& accelerator() { return accelerator_; }
  P& precision() { return precision_; }
  Messages& messages() { return messages_; }
  /// Sends the messages of this Fabric elsewhere; an empty sink silences it.
  void set_message_sink(MessageSink sink) { messages_.set_sink(std::move(sink)); }
  /// The part of that type.
  template <class Part>
  Part& get() {
    return std::get<Part>(parts_);
  }

  Device device() const { return accelerator_.device(); }
  std::int64_t world_size() const { return strategy_.world_size(); }
  std::int64_t global_rank() const { return strategy_.global_rank(); }
  std::int64_t local_rank() const { return strategy_.local_rank(); }
  bool is_global_zero() const { return global_rank() == 0; }

  // -- start and end ------------------------------------------------------------------------------
  /// Opens the device, joins the other ranks and opens the loggers.
  /// Errors: lt::ConfigError when the accelerator is not there.
  void launch() {
    if (!A::is_available()) {
      std::string reason;
      if constexpr (requires { A::why_unavailable(); }) {
        reason = text(": ", A::why_unavailable());
      }
      throw ConfigError(
          text("lt[E190] accelerator ", A::name, " is not available on this machine", reason));
    }
    const auto place = [&](auto& environment) { place_by(environment); };
    for_each_part<Role::environment>(place);
    if constexpr (requires { accelerator_.set_local_rank(strategy_.local_rank()); }) {
      if constexpr (requires { strategy_.locate(); }) {
        strategy_.locate();  // the ranks meet later, on their devices
      }
      accelerator_.set_local_rank(strategy_.local_rank());
    }
    accelerator_.setup();
    strategy_.setup_environment(device());
    messages_.set_rank(global_rank());
    if constexpr (((role_of<Parts> == Role::logger || is_part_list<Parts>) || ...)) {
      run_ = std::make_unique<LoggerRun>(messages_, global_rank(), world_size());
      for_each_logger([&](auto& logger) { logger.open(run_->view()); });
    }
  }
  /// The ranks are where `environment` says, whatever launcher would be found; for `launch`.
  template <class Environment>
  void place_by([[maybe_unused]] const Environment& environment) {
    if constexpr (requires { strategy_.set_place(environment.place()); }) {
      strategy_.set_place(environment.place());
    }
  }
  /// The same, then `function(fabric, args...)`.
  template <class F, class... Args>
  requires std::invocable<F, Fabric&, Args...>
  decltype(auto) launch(F&& function, Args&&... args) {
    launch();
    return std::invoke(std::forward<F>(function), *this, std::forward<Args>(args)...);
  }
  /// Closes the loggers, leaves the other ranks and the device.
  void teardown() {
    if (run_) {
      for_each_logger([](auto& logger) { logger.finalize("success"); });
      run_.reset();
    }
    strategy_.teardown();
    accelerator_.teardown();
  }

  std::uint64_t seed_everything(std::optional<std::uint64_t> seed = {}, bool workers = true) {
    return lt::seed_everything(seed, workers);
  }

  // -- set-up -------------------------------------------------------------------------------------
  /// Moves a module to the device and converts it; its optimizers are made before or after. Returns
  /// the module, or a tuple of module and optimizers, to be used in the loop in the place of the
  /// originals. Callbacks get `on_after_setup(fabric, module)`.
  template <class Module>
  auto setup(Module& module) {
    place(module);
    strategy_.setup_module(module, /*trains=*/true);
    for_each_callback([&](auto& callback) {
      if constexpr (requires { callback.on_after_setup(*this, module); }) {
        callback.on_after_setup(*this, module);
      }
    });
    return FabricModule<Fabric, Module>(*this, module);
  }
  template <class Module, class... Os>
  requires(sizeof...(Os) > 0)
  auto setup(Module& module, Os&... optimizers) {
    return std::tuple(setup(module), FabricOptimizer<Fabric, Os>(*this, optimizers)...);
  }
  template <class... Os>
  auto setup_optimizers(Os&... optimizers) {
    return one_or_tuple(FabricOptimizer<Fabric, Os>(*this, optimizers)...);
  }
  /// Loaders whose batches come on the device: one, or a tuple of them.
  template <class... Ls>
  auto setup_dataloaders(Ls&... loaders) {
    return one_or_tuple(FabricLoader<Fabric, Ls>(*this, loaders)...);
  }
  /// Moves and converts a module in place, and no more: what the Trainer does.
  template <class Module>
  void place(Module& module) {
    if constexpr (!A::is_host && requires { module.to(device()); }) {
      module.to(device());
    }
    precision_.convert_module(module);
  }
  /// Guard: layers and tensors that are made meanwhile have the precision's type.
  auto init_module() { return precision_.init_guard(); }

  /// Moves the tensors of a batch to the device.
  template <class Batch>
  Batch to_device(Batch batch) {
    if constexpr (A::is_host) {
      return batch;
    } else if constexpr (requires { accelerator_.to_device(std::move(batch)); }) {
      return accelerator_.to_device(std::move(batch));  // by a way of its own
    } else {
      return map_tensors(std::move(batch), [&](const Tensor& tensor) {
        return tensor.defined() ? tensor.to(device(), /*non_blocking=*/true) : tensor;
      });
    }
  }

  // -- optimization -------------------------------------------------------------------------------
  /// Guard around forward passes: mixed precision is on while it lives.
  auto autocast() { return precision_.step_guard(device()); }

  /// The backward pass of a loss; gradients are reduced among ranks as they come.
  void backward(const Tensor& loss) { strategy_.backward(precision_.scale(loss)); }

  /// Guard: gradients stay on their rank, for all but the last batch of an accumulation window.
  auto no_backward_sync(bool enabled = true) { return strategy_.no_backward_sync(enabled); }
  template <class Module>
  auto no_backward_sync(const Module&, bool enabled = true) {
    return no_backward_sync(enabled);
  }

  /// Clips the gradients of an optimizer's parameters, which are unscaled first; returns their norm
  /// when it is clipped.
  /// Errors: lt::ConfigError unless exactly one of max_norm and clip_val is set; lt::Error for a
  /// norm that is not finite under `error_if_nonfinite`.
  template <class Module, class O>
  std::optional<Tensor> clip_gradients(const Module&, O& optimizer, const ClipOptions& options) {
    if (options.max_norm.has_value() == options.clip_val.has_value()) {
      throw ConfigError(text("lt[E179] clip_gradients: max_norm = ", options.max_norm,
                             " and clip_val = ", options.clip_val,
                             "; expected exactly one of them"));
    }
    auto& own = detail::unwrapped(optimizer);
    if constexpr (LossScaling<P>) {
      precision_.scaler().unscale_(own);
    }
    optim::collect_params(own, params_);
    std::optional<Tensor> norm;
    if (options.max_norm) {
      norm = optim::clip_grad_norm_(params_, *options.max_norm, options.norm_type,
                                    options.error_if_nonfinite);
    } else {
      optim::clip_grad_value_(params_, *options.clip_val);
    }
    params_.clear();
    return norm;
  }
  /// The Trainer's: gradients are unscaled already, and a norm that is not finite is let through.
  template <class O>
  void clip_gradients(O& optimizer, double value, GradClipAlgorithm algorithm) {
    optim::collect_params(optimizer, params_);
    if (algorithm == GradClipAlgorithm::norm) {
      optim::clip_grad_norm_(params_, value);
    } else {
      optim::clip_grad_value_(params_, value);
    }
    params_.clear();
  }

  // -- ranks --------------------------------------------------------------------------------------
  void barrier(std::string_view name = "barrier") { strategy_.barrier(name); }
  /// The tensors of `data` from all ranks, stacked along a new first dimension (as
  /// they are with one rank).
  template <TensorTree Data>
  Data all_gather(Data data) {
    return map_tensors(std::move(data), [&](const Tensor& t) { return strategy_.all_gather(t); });
  }
  /// The tensors of `data` reduced over all ranks.
  template <TensorTree Data>
  Data all_reduce(Data data, ReduceOp op = ReduceOp::mean) {
    return map_tensors(std::move(data),
                       [&](const Tensor& t) { return strategy_.all_reduce(t, op); });
  }
  /// The tensors of `data` as rank `src` has them.
  template <TensorTree Data>
  Data broadcast(Data data, std::int64_t src = 0) {
    return map_tensors(std::move(data),
                       [&](const Tensor& t) { return strategy_.broadcast(t, src); });
  }

  // -- checkpoints --------------------------------------------------------------------------------
  /// Writes entries to a file:
  ///   fabric.save(path, lt::entry("model", model), lt::entry("step", step));
  /// All ranks call it, rank zero writes.
  template <class... Entries>
  void save(const std::filesystem::path& path, const Entries&... entries) {
    checkpoint::Dict dict;
    ((dict[entries.name] = detail::entry_state(entries)), ...);
    if (is_global_zero()) {
      checkpoint_io().save_checkpoint(Checkpoint(std::move(dict)), path);
    }
    barrier("save");
  }
  /// Fills the objects of the entries from a file; returns what no entry asked for.
  /// Errors: lt::CheckpointError for an entry that is not there, unless `strict` is off.
  template <class... Entries>
  Checkpoint load(const std::filesystem::path& path, const Entries&... entries) {
    return load(path, FabricLoadOptions{}, entries...);
  }
  template <class... Entries>
  Checkpoint load(const std::filesystem::path& path, [[maybe_unused]] FabricLoadOptions options,
                  const Entries&... entries) {
    checkpoint::Dict rest = checkpoint_io().load_checkpoint(path).dict();
    (load_entry(rest, entries, options, path), ...);
    barrier("load");
    return Checkpoint(std::move(rest));
  }
  /// Fills one object from a file that holds nothing but its state.
  template <class T>
  void load_raw(const std::filesystem::path& path, T& object, FabricLoadOptions options = {}) {
    detail::load_object_state(detail::unwrapped(object), checkpoint_io().load_checkpoint(path),
                              options.strict);
    barrier("load_raw");
  }

  // -- loggers and callbacks ----------------------------------------------------------------------
  /// Writes one number to every logger. `step`: by default the number of records so far.
  template <class V>
  void log(std::string_view name, const V& value, std::optional<std::int64_t> step = {}) {
    MetricTable metrics;
    metrics.set(name, number_of(value, name));
    log_dict(metrics, step);
  }
  void log_dict(const MetricTable& metrics, std::optional<std::int64_t> step = {}) {
    if (is_global_zero()) {
      for_each_logger([&](auto& logger) {
        if (run_ == nullptr) {
          throw ConfigError("lt[E194] fabric.log was called before launch; expected launch first");
        }
        logger.log_metrics(metrics, step.value_or(records_));
      });
    }
    ++records_;
  }
  template <class V = double>
  void log_dict(std::initializer_list<std::pair<std::string_view, V>> metrics,
                std::optional<std::int64_t> step = {}) {
    MetricTable table;
    for (const auto& [name, value] : metrics) {
      table.set(name, number_of(value, name));
    }
    log_dict(table, step);
  }

  /// Calls a hook of all callbacks that have it, with the arguments as they are:
  /// `fabric.call<lt::hook::on_train_epoch_end>(fabric)`.
  template <class H, class... Args>
  void call(Args&&... args) {
    for_each_callback([&](auto& callback) {
      if constexpr (declares<H, std::remove_cvref_t<decltype(callback)>>) {
        H::call(callback, args...);
      }
    });
  }
  /// Calls `f(callback)` for all callbacks: for functions that are no hooks of `lt`.
  template <class F>
  void for_each_callback(F f) {
    for_each_part<Role::callback>(f);
  }
  template <class F>
  void for_each_logger(F f) {
    for_each_part<Role::logger>(f);
  }

  /// Called by FabricOptimizer after each step.
  template <class O>
  void after_step(O& optimizer) {
    for_each_callback([&](auto& callback) {
      if constexpr (requires { callback.on_after_optimizer_step(strategy_, optimizer); }) {
        callback.on_after_optimizer_step(strategy_, optimizer);
      }
    });
  }

 private:
  template <class First, class... Rest>
  static auto one_or_tuple(First first, Rest... rest) {
    if constexpr (sizeof...(Rest) == 0) {
      return first;
    } else {
      return std::tuple(std::move(first), std::move(rest)...);
    }
  }

  template <Role R, class F>
  void for_each_part(F& f) {
    std::apply([&](auto&... part) { (visit<R>(part, f), ...); }, parts_);
  }
  template <Role R, class Part, class F>
  static void visit(Part& part, F& f) {
    if constexpr (is_part_list<Part>) {
      part.for_each([&](auto& element) { visit<R>(element, f); });
    } else if constexpr (role_of<Part> == R) {
      f(part);
    }
  }

  template <class V>
  static double number_of(const V& value, std::string_view name) {
    if constexpr (std::is_arithmetic_v<V>) {
      return static_cast<double>(value);
    } else {
      return scalar_of(value, name).value;
    }
  }

  template <class T, class Filter>
  static void load_entry(checkpoint::Dict& rest, const Entry<T, Filter>& entry,
                         FabricLoadOptions options, const std::filesystem::path& path) {
    const checkpoint::Value* saved = rest.find(entry.name);
    if (saved == nullptr) {
      if (options.strict) {
        throw CheckpointError(text("lt[E213] ", path.string(), " has no entry \"", entry.name,
                                   "\"; expected it, or FabricLoadOptions{.strict = false}"));
      }
      return;
    }
    detail::load_object_state(detail::unwrapped(*entry.object), *saved, options.strict);
    rest.erase(entry.name);
  }

  auto& checkpoint_io() {
    if constexpr (((role_of<Parts> == Role::checkpoint_io) || ...)) {
      return find_checkpoint_io<0>();
    } else {
      return default_io_;
    }
  }
  template <std::size_t I>
  auto& find_checkpoint_io() {
    if constexpr (role_of<std::tuple_element_t<I, std::tuple<Parts...>>> == Role::checkpoint_io) {
      return std::get<I>(parts_);
    } else {
      return find_checkpoint_io<I + 1>();
    }
  }

  S strategy_;
  A accelerator_;
  P precision_;
  Messages messages_;
  std::tuple<Parts...> parts_;
  checkpoint_io::Binary default_io_;
  std::unique_ptr<LoggerRun> run_;  // between launch and teardown, if there are loggers
  std::int64_t records_ = 0;
  std::vector<Tensor> params_;  // kept for its memory
};

}  // namespace lt
