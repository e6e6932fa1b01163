// SPDX-License-Identifier: Apache-2.0
// What one trainer type does with settings: the only template that is instantiated for each
// combination of types, and so the one to spread over translation units.
#pragma once

#include "lt/checkpoint/reflect.hpp"
#include "lt/cli/choices.hpp"
#include "lt/cli/configured_model.hpp"
#include "lt/cli/program.hpp"
#include "lt/cli/save_config.hpp"
#include "lt/cli/settings.hpp"
#include "lt/cli/sweep/trial.hpp"
#include "lt/cli/yaml.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/metric_table.hpp"
#include "lt/core/part_list.hpp"
#include "lt/core/text.hpp"
#include "lt/launch.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"
#include "lt/seed.hpp"
#include "lt/trainer.hpp"
#include "lt/tuner/tune.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::cli {

/// The slots whose place in the catalogue is fixed; those of named parts come behind.
enum SlotIndex : std::size_t {
  model_slot,
  data_slot,
  strategy_slot,
  accelerator_slot,
  precision_slot,
  callback_slot,
  logger_slot,
  optimizer_slot,
  scheduler_slot,
  schedule_slot,
  first_part_slot
};

/// An option of the model that the data module knows, once it is there.
struct DataLink {
  std::string option;
  std::size_t kind = 0;  // of the data module
  std::function<std::string(void* data)> value;  // type-erased: called once, before the run
};

/// A run that is about to begin.
struct Job {
  const Catalogue* catalogue = nullptr;
  Settings settings{};
  std::string config_file = "config.yaml";  // empty: not saved
  bool overwrite_config = false;
  std::vector<DataLink> data_links{};
  bool started = false;  // from here on, files are written
  std::ostream* out = &std::cout;

  const std::vector<Chosen>& slot(std::size_t index) const { return settings.slots[index]; }
};

namespace detail {

inline void print_metrics(std::ostream& out, const MetricTable& metrics) {
  for (const auto& [name, value] : metrics) {
    out << name << ": " << text(value) << '\n';
  }
}

// -- parts ----------------------------------------------------------------------------------------

template <class List>
struct FillList;
template <class... Ps>
struct FillList<PartList<Ps...>> {
  // Callbacks and loggers are two slots of one list; each counts its own kind.
  static PartList<Ps...> fill(const Job& job) {
    PartList<Ps...> list;
    for (const std::size_t slot : {callback_slot, logger_slot}) {
      for (const Chosen& chosen : job.slot(slot)) {
        std::size_t i = 0;
        (void)((is_logger<Ps> == (slot == logger_slot) && i++ == chosen.kind &&
                (list.add(make_object<Ps>(chosen.options)), true)) ||
               ...);
      }
    }
    return list;
  }
  template <class P>
  static constexpr bool is_logger = role_of<P> == Role::logger;
};

template <class P>
P make_part(const Job& job, std::size_t& next) {
  if constexpr (is_part_list<P>) {
    return FillList<P>::fill(job);
  } else if constexpr (std::same_as<P, SaveConfig>) {
    // A search runs the model many times; its configuration is nobody's.
    const bool keep = job.settings.command != "tune";
    return SaveConfig(keep ? job.config_file : std::string(), to_yaml(job.settings.config),
                      job.overwrite_config);
  } else {
    return make_object<P>(job.slot(next++).at(0).options);
  }
}

template <class... Ps>
struct CheckpointIoOf {
  using type = checkpoint_io::Binary;
};
template <class P, class... Ps>
struct CheckpointIoOf<P, Ps...> : std::conditional_t<role_of<P> == Role::checkpoint_io,
                                                     std::type_identity<P>, CheckpointIoOf<Ps...>> {
};

template <class Trainer>
struct TrainerParts;
template <class M, class D, class S, class A, class P, class... Ps>
struct TrainerParts<Trainer<M, D, S, A, P, Ps...>> {
  using Model = M;
  using Data = D;
  using Strategy = S;
  using CheckpointIo = typename CheckpointIoOf<Ps...>::type;

  static Trainer<M, D, S, A, P, Ps...> make(const Job& job) {
    std::size_t next = first_part_slot;
    std::tuple<Ps...> parts{make_part<Ps>(job, next)...};  // in order
    S strategy = make_object<S>(job.slot(strategy_slot)[0].options);
    A accelerator = make_object<A>(job.slot(accelerator_slot)[0].options);
    P precision = make_object<P>(job.slot(precision_slot)[0].options);
    return std::apply(
        [&](auto&... part) {
          return Trainer<M, D, S, A, P, Ps...>(job.settings.trainer, std::move(strategy),
                                               std::move(accelerator), std::move(precision),
                                               std::move(part)...);
        },
        parts);
  }
};

// -- calls ----------------------------------------------------------------------------------------

[[noreturn]] inline void lacks(Job& job, std::string_view what) {
  job.started = false;  // nothing has happened
  throw ConfigError(text("lt[E868] ", job.settings.command, ": the model ",
                         job.catalogue->slots[model_slot].kinds[job.slot(model_slot)[0].kind].name,
                         " has no ", what, "; expected one"));
}

template <class Trainer>
void print_fit(const Job& job, Trainer& trainer, const Result& result) {
  *job.out << "fit ended: " << enum_name(result.reason) << ", epoch " << result.epoch << ", step "
           << result.step << '\n';
  print_metrics(*job.out, result.metrics);
  trainer.engine().parts().for_each([&](auto& part) {
    if constexpr (requires { part.best_model_path().empty(); }) {
      if (!part.best_model_path().empty()) {
        *job.out << "checkpoint: " << part.best_model_path() << '\n';
      }
    }
  });
}

template <class Trainer, class Model, class Data>
void tune_and_print(Job& job, Trainer& trainer, Model& model, Data& data) {
  const TuneResult result =
      tune(trainer, model, data, *static_cast<const TuneOptions*>(job.settings.tuner.get()));
  if (trainer.is_global_zero()) {
    if (result.batch_size) {
      *job.out << "batch_size: " << *result.batch_size << '\n';
    }
    const std::optional<double> rate = result.lr ? result.lr->suggestion() : std::nullopt;
    if (rate) {
      *job.out << "lr: " << text(*rate) << '\n';
    }
  }
}

template <class Trainer, class Model, class Data>
void call(Job& job, Trainer& trainer, Model& model, Data& data) {
  const std::string& command = job.settings.command;
  const RunOptions options{.ckpt_path = job.settings.ckpt_path};
  const auto print_all = [&](const std::vector<MetricTable>& results) {
    for (std::size_t i = 0; trainer.is_global_zero() && i < results.size(); ++i) {
      if (results.size() > 1) {
        *job.out << "loader " << i << ":\n";
      }
      print_metrics(*job.out, results[i]);
    }
  };
  job.started = true;
  if (command == "fit") {
    if constexpr (declares<hook::training_step, Model>) {
      const Result result = trainer.fit(model, data, options);
      if (trainer.is_global_zero()) {
        print_fit(job, trainer, result);
        write_result(Metrics(result.metrics.begin(), result.metrics.end()));
      }
    } else {
      lacks(job, "training_step");
    }
  } else if (command == "validate") {
    if constexpr (declares<hook::validation_step, Model>) {
      print_all(trainer.validate(model, data, options));
    } else {
      lacks(job, "validation_step");
    }
  } else if (command == "test") {
    if constexpr (declares<hook::test_step, Model>) {
      print_all(trainer.test(model, data, options));
    } else {
      lacks(job, "test_step");
    }
  } else if (command == "predict") {
    if constexpr (declares<hook::predict_dataloader, Data> ||
                  declares<hook::predict_dataloader, Model>) {
      const auto found = trainer.predict(model, data, options, job.settings.return_predictions);
      if (found && trainer.is_global_zero()) {
        std::size_t batches = 0;
        for (const auto& of_loader : *found) {
          batches += of_loader.size();
        }
        *job.out << "predictions: " << batches << " batches\n";
      }
    } else {
      lacks(job, "predict_dataloader, nor has the data module");
    }
  } else if constexpr (has_attribute<RateAttribute, Model, Data> ||
                       has_attribute<SizeAttribute, Model, Data>) {
    tune_and_print(job, trainer, model, data);
  } else {
    lacks(job, "learning rate or batch size that can be set, nor has the data module");
  }
}

// The model of a checkpoint file has the options that it was saved with, as under Lightning's CLI.
template <class Model, class Io>
void take_hyper_parameters(Job& job) {
  if constexpr (HasOptions<Model>) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(job.settings.ckpt_path, ignored)) {
      return;
    }
    auto checkpoint = Io().load_checkpoint(job.settings.ckpt_path);
    if (const auto* saved = checkpoint.find("hyper_parameters")) {
      const Chosen& chosen = job.slot(model_slot)[0];
      checkpoint::from_value(*saved, *static_cast<typename Model::Options*>(chosen.options.get()));
      Node* written = find_path(job.settings.config, "model.init_args");
      (written == nullptr ? job.settings.config.at("model") : *written) =
          describe_object(schema_of<typename Model::Options>(), chosen.options.get());
    }
  }
}

// Sets the options of the model that follow the data module.
inline void follow_data(Job& job, void* data) {
  const Chosen& model = job.slot(model_slot)[0];
  const Kind& kind = job.catalogue->slots[model_slot].kinds[model.kind];
  for (const DataLink& link : job.data_links) {
    if (link.kind == job.slot(data_slot)[0].kind && kind.schema != nullptr &&
        find_option(*kind.schema, link.option) != nullptr) {
      Node value = Node::map();
      value.add(link.option, Node::scalar(link.value(data))).origin = data_object;
      apply(*kind.schema, value, model.options.get(), "model");
    }
  }
}

template <class Trainer>
int run_here(Job& job) {
  using Parts = TrainerParts<Trainer>;
  using Model = typename Parts::Model;
  if (job.settings.seeded) {
    const auto seed = job.settings.seed;
    const std::uint64_t used = seed_everything(
        seed ? std::optional(static_cast<std::uint64_t>(*seed)) : std::nullopt, true);
    job.settings.config.add("seed_everything", write_value(static_cast<std::int64_t>(used)));
  }
  take_hyper_parameters<Model, typename Parts::CheckpointIo>(job);
  auto data = make_shared_object<typename Parts::Data>(job.slot(data_slot)[0].options);
  follow_data(job, data.get());
  auto model = make_shared_object<Model>(job.slot(model_slot)[0].options);
  if constexpr (requires { model->choose({}, {}, {}); }) {
    const std::vector<Chosen>& schedule = job.slot(schedule_slot);
    model->choose(job.slot(optimizer_slot), job.slot(scheduler_slot),
                  schedule.empty()
                      ? ScheduleOptions{}
                      : *static_cast<const ScheduleOptions*>(schedule[0].options.get()));
  }
  Trainer trainer = Parts::make(job);
  call(job, trainer, *model, *data);
  return 0;
}

}  // namespace detail

/// Makes the trainer, the model and the data, and runs the sub-command. With several devices it is
/// run by as many processes.
template <class Trainer>
int run_trainer(Job& job) {
  if constexpr (detail::TrainerParts<Trainer>::Strategy::is_distributed) {
    if (job.settings.devices.value_or(1) > 1) {
      return launch(*job.settings.devices, [&] { return detail::run_here<Trainer>(job); });
    }
  }
  return detail::run_here<Trainer>(job);
}

}  // namespace lt::cli

/// A trainer of a command line that another translation unit instantiates, with LT_CLI_HERE.
/// Written in the global namespace; the argument is a type, as `App::trainer<Net,
/// lt::precision::F32>`.
#define LT_CLI_ELSEWHERE(...) extern template int lt::cli::run_trainer<__VA_ARGS__>(lt::cli::Job&)
#define LT_CLI_HERE(...) template int lt::cli::run_trainer<__VA_ARGS__>(lt::cli::Job&)
