// SPDX-License-Identifier: Apache-2.0
// lt::Cli: a main() that trains, evaluates and tunes by flags and configuration files.
#pragma once

#include "lt/cli/choices.hpp"
#include "lt/cli/configured_model.hpp"
#include "lt/cli/program.hpp"
#include "lt/cli/run.hpp"
#include "lt/cli/save_config.hpp"
#include "lt/cli/sweep/sweep.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/hooks.hpp"
#include "lt/core/part_list.hpp"
#include "lt/core/rules.hpp"
#include "lt/core/text.hpp"
#include "lt/core/type_name.hpp"
#include "lt/policies/accelerator/cpu.hpp"
#include "lt/policies/precision/f32.hpp"
#include "lt/policies/strategy/single_device.hpp"
#include "lt/trainer.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt {

/// What a program decides for its command line.
struct CliOptions {
  std::string defaults{};                   // YAML, under all files: "trainer: {max_epochs: 5}"
  std::string env_prefix = "LT";            // LT_TRAINER__MAX_EPOCHS
  std::string config_file = "config.yaml";  // saved beside the logs; empty: not at all
  bool save_config_overwrite = false;
};

namespace cli::detail {

// What stands behind the precision, sorted.
template <class... Ps>
struct Behind {
  using parts = type_list<>;
  using elements = type_list<>;
  using optimizers = cli::optimizers<>;
  using schedulers = cli::schedulers<>;
};
template <class List, class... More>
struct Prepend;
template <class... Ps, class... More>
struct Prepend<type_list<Ps...>, More...> {
  using type = type_list<More..., Ps...>;
};
template <class P, class... Rest>
struct Behind<P, Rest...> : Behind<Rest...> {
  using parts = typename Prepend<typename Behind<Rest...>::parts, P>::type;
};
template <class... Es, class... Rest>
struct Behind<PartList<Es...>, Rest...> : Behind<Rest...> {
  using parts = typename Prepend<typename Behind<Rest...>::parts, PartList<Es...>>::type;
  using elements = type_list<Es...>;
};
template <class... Os, class... Rest>
struct Behind<optimizers<Os...>, Rest...> : Behind<Rest...> {
  using optimizers = cli::optimizers<Os...>;
};
template <class... Ss, class... Rest>
struct Behind<schedulers<Ss...>, Rest...> : Behind<Rest...> {
  using schedulers = cli::schedulers<Ss...>;
};

template <class M, class D, class S, class A, class P, class Parts>
struct TrainerOf;
template <class M, class D, class S, class A, class P, class... Ps>
struct TrainerOf<M, D, S, A, P, type_list<Ps...>> {
  using type = Trainer<M, D, S, A, P, Ps..., SaveConfig>;
  static constexpr bool allowed = Compatible<S, A, P, Ps..., SaveConfig>;
  static std::string_view refusal() {
    std::string_view found;
#define LT_RULE(CODE, CONDITION, TEXT, SOURCE)                                    \
  if (found.empty() && !rule::CODE::template holds<S, A, P, Ps..., SaveConfig>) { \
    found = TEXT;                                                                 \
  }
#include "lt/core/rules.def"
#undef LT_RULE
    return found;
  }
};

// "GradientNorm" -> "gradient_norm": the group of a part that is always there.
inline std::string group_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool capital = c >= 'A' && c <= 'Z';
    out += capital && !out.empty() ? "_" : "";
    out += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

template <class... Ps>
void add_part_slots(Catalogue& catalogue, type_list<Ps...>) {
  (
      [&] {
        if constexpr (!is_part_list<Ps>) {
          catalogue.slots.push_back(slot_of(group_name(kind_name<Ps>()), "part", type_list<Ps>{}));
        }
      }(),
      ...);
}
template <bool Loggers, class... Es>
Slot list_slot(std::string path, std::string what, type_list<Es...>) {
  Slot slot{.path = std::move(path), .what = std::move(what), .list = true};
  (
      [&] {
        if constexpr ((role_of<Es> == Role::logger) == Loggers) {
          slot.kinds.push_back(kind_of<Es>());
        }
      }(),
      ...);
  return slot;
}
template <class... Os>
Slot optional_slot(std::string path, std::string what, type_list<Os...> types) {
  Slot slot = slot_of(std::move(path), std::move(what), types);
  slot.optional = true;
  return slot;
}
template <template <class...> class List, class... Ts>
type_list<Ts...> types_in(List<Ts...>) {
  return {};
}

template <class H, class... Ts>
constexpr bool any_declares(type_list<Ts...>) {
  return (declares<H, Ts> || ...);
}
template <class Ms, class... Ds>
constexpr bool any_tunable(Ms, type_list<Ds...>) {
  return []<class... Models>(type_list<Models...>) {
    return ((has_attribute<RateAttribute, Models, Ds...> ||
             has_attribute<SizeAttribute, Models, Ds...>) ||
            ...);
  }(Ms{});
}

struct ScheduleKind {
  using Options = ScheduleOptions;
  static constexpr std::string_view name = "Schedule";
};

}  // namespace cli::detail

/// The whole main() of a program. Its arguments are those of lt::Trainer; where one type would
/// stand, lt::choices may hold several, among which the command line chooses. Each combination that
/// is allowed is a trainer of its own, made by the compiler; nothing is decided in the loop.
///
///   int main(int argc, char** argv) {
///     return lt::Cli<Classifier, Digits, lt::strategy::SingleDevice, lt::accelerator::Cpu,
///                    lt::choices<lt::precision::F32, lt::precision::Bf16Mixed>,
///                    lt::PartList<lt::EarlyStopping, lt::ModelCheckpoint>>().run(argc, argv);
///   }
///
/// Models, data modules and parts are made of their reflected `Options`. Parts named outside the
/// PartList are always there; cli::optimizers and cli::schedulers stand among the parts.
template <class Models, class Data, class S = strategy::SingleDevice, class A = accelerator::Cpu,
          class P = precision::F32, class... Parts>
class Cli {
  using Behind = cli::detail::Behind<Parts...>;
  using ModelList = cli::choices_of<Models>;
  using DataList = cli::choices_of<Data>;
  using Optimizers = typename Behind::optimizers;
  using Schedulers = typename Behind::schedulers;
  static constexpr bool has_optimizers = !std::same_as<Optimizers, cli::optimizers<>>;

  template <class M>
  using Configured = typename std::conditional_t<
      has_optimizers, std::type_identity<cli::ConfiguredModel<M, Optimizers, Schedulers>>,
      std::type_identity<M>>::type;
  template <class M, class D, class S1, class A1, class P1>
  using Of = cli::detail::TrainerOf<Configured<M>, D, S1, A1, P1, typename Behind::parts>;

 public:
  /// The trainer of one combination, for LT_CLI_ELSEWHERE and LT_CLI_HERE.
  template <class M, class D, class S1, class A1, class P1>
  using trainer = typename Of<M, D, S1, A1, P1>::type;

  explicit Cli(CliOptions options = {}) : options_(std::move(options)) {
    program_.defaults = options_.defaults;
    fill();
  }

  /// Sets `target` to the value of `source`, or to what `compute` makes of its text:
  /// `link("data.num_classes", "model.num_classes")`. Type-erased: it is called before the run.
  Cli& link(std::string source, std::string target,
            std::function<std::string(const std::string&)> compute = {}) {
    program_.links.push_back({std::move(source), std::move(target), std::move(compute)});
    return *this;
  }

  /// Sets an option of the model to what `get` says of the data module, when that is made:
  /// `link_data([](const Digits& d) { return d.num_classes(); }, "model.num_classes")`. With
  /// several data modules, those count that `get` can be called with.
  template <class F>
  Cli& link_data(F get, const std::string& target) {
    program_.links.push_back({std::string(cli::data_object), target, {}});
    add_data_links(get, target.substr(target.find('.') + 1), DataList{});
    return *this;
  }

  /// Does what the command line says and returns the exit status for main: 0; 2 for a mistake in
  /// what the user gave, found before anything is written; 1 for an error of the run; 130 after an
  /// interrupt.
  int run(int argc, char** argv) {
    const std::string_view path = argc > 0 ? argv[0] : "program";
    program_.catalogue.program = path.substr(path.rfind('/') + 1);
    return run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  }
  int run(std::vector<std::string> arguments, std::ostream& out = std::cout,
          std::ostream& err = std::cerr) {
    cli::Job job;
    try {
      if (!arguments.empty() && arguments[0] == cli::sweep_command && has_sweep()) {
        arguments.erase(arguments.begin());
        return cli::sweep(program_, std::move(arguments), out);
      }
      const cli::Request request = cli::CommandLine(program_.catalogue).parse(std::move(arguments));
      if (const auto text = cli::printed(program_, request)) {
        out << *text;
        return 0;
      }
      if (request.command == cli::sweep_command) {
        throw ConfigError(
            "lt[E847] sweep must be the first word; expected sweep KEY=VALUES... "
            "before all flags");
      }
      job.settings = cli::settings_of(program_, request);
      if (request.action == cli::Action::print_config) {
        out << cli::to_yaml(job.settings.config);
        return 0;
      }
      job.catalogue = &program_.catalogue;
      job.config_file = options_.config_file;
      job.overwrite_config = options_.save_config_overwrite;
      job.data_links = data_links_;
      job.out = &out;
      return choose(job);
    } catch (const Interrupted& error) {
      err << program_.catalogue.program << ": " << error.what() << '\n';
      return 130;
    } catch (const Error& error) {
      err << program_.catalogue.program << ": " << error.what() << '\n';
      return job.started ? 1 : 2;
    } catch (const std::exception& error) {
      err << program_.catalogue.program << ": " << error.what() << '\n';
      return 1;
    }
  }

 private:
  bool has_sweep() const {
    return std::any_of(program_.catalogue.commands.begin(), program_.catalogue.commands.end(),
                       [](const cli::Command& one) { return one.name == cli::sweep_command; });
  }

  void fill() {
    using namespace cli::detail;
    cli::Catalogue& catalogue = program_.catalogue;
    catalogue.env_prefix = options_.env_prefix;
    if (any_declares<hook::training_step>(ModelList{})) {
      catalogue.commands.push_back({"fit", "train the model"});
      catalogue.commands.push_back(
          {std::string(cli::sweep_command), "fit with many values of some options"});
    }
    if (any_declares<hook::validation_step>(ModelList{})) {
      catalogue.commands.push_back({"validate", "evaluate on the validation data"});
    }
    if (any_declares<hook::test_step>(ModelList{})) {
      catalogue.commands.push_back({"test", "evaluate on the test data"});
    }
    if (any_declares<hook::predict_dataloader>(ModelList{}) ||
        any_declares<hook::predict_dataloader>(DataList{})) {
      catalogue.commands.push_back({"predict", "predict"});
    }
    if constexpr (any_tunable(ModelList{}, DataList{})) {
      catalogue.commands.push_back({"tune", "find a learning rate, a batch size, or both"});
      catalogue.tuner = &cli::schema_of<TuneOptions>();
    }
    // In the order of cli::SlotIndex.
    auto& slots = catalogue.slots;
    slots.push_back(cli::slot_of("model", "model", ModelList{}));
    slots.push_back(cli::slot_of("data", "data module", DataList{}));
    slots.push_back(cli::slot_of("trainer.strategy", "strategy", cli::choices_of<S>{}));
    slots.push_back(cli::slot_of("trainer.accelerator", "accelerator", cli::choices_of<A>{}));
    slots.push_back(cli::slot_of("trainer.precision", "precision", cli::choices_of<P>{}));
    slots.push_back(list_slot<false>("trainer.callbacks", "callback", typename Behind::elements{}));
    slots.push_back(list_slot<true>("trainer.logger", "logger", typename Behind::elements{}));
    slots.push_back(optional_slot("optimizer", "optimizer", types_in(Optimizers{})));
    slots.push_back(optional_slot("lr_scheduler", "scheduler", types_in(Schedulers{})));
    slots.push_back(std::same_as<Schedulers, cli::schedulers<>>
                        ? cli::Slot{.path = "lr_schedule", .what = "schedule"}
                        : cli::slot_of("lr_schedule", "schedule", type_list<ScheduleKind>{}));
    add_part_slots(catalogue, typename Behind::parts{});
  }

  // The chosen combination among all that were compiled.
  int choose(cli::Job& job) {
    const auto kind = [&](std::size_t slot) { return job.slot(slot)[0].kind; };
    return cli::with_type<int>(kind(cli::model_slot), ModelList{}, [&]<class M>() {
      return cli::with_type<int>(kind(cli::data_slot), DataList{},
                                 [&]<class D>() { return choose_policies<M, D>(job); });
    });
  }
  template <class M, class D>
  int choose_policies(cli::Job& job) {
    const auto kind = [&](std::size_t slot) { return job.slot(slot)[0].kind; };
    using Ss = cli::choices_of<S>;
    using As = cli::choices_of<A>;
    using Ps = cli::choices_of<P>;
    return cli::with_type<int>(kind(cli::strategy_slot), Ss{}, [&]<class S1>() {
      return cli::with_type<int>(kind(cli::accelerator_slot), As{}, [&]<class A1>() {
        return cli::with_type<int>(kind(cli::precision_slot), Ps{}, [&]<class P1>() {
          return run_one<Of<M, D, S1, A1, P1>, S1, A1, P1>(job);
        });
      });
    });
  }
  template <class One, class S1, class A1, class P1>
  int run_one(cli::Job& job) {
    if constexpr (One::allowed) {
      return cli::run_trainer<typename One::type>(job);
    } else {
      throw ConfigError(text("lt[E869] ", cli::kind_name<S1>(), ", ", cli::kind_name<A1>(), " and ",
                             cli::kind_name<P1>(), " do not go together: ", One::refusal()));
    }
  }

  template <class F, class... Ds>
  void add_data_links(F& get, const std::string& option, type_list<Ds...>) {
    std::size_t kind = 0;
    (
        [&] {
          if constexpr (std::invocable<F&, Ds&>) {
            data_links_.push_back({option, kind, [get](void* data) mutable {
                                     return text(get(*static_cast<Ds*>(data)));
                                   }});
          }
          ++kind;
        }(),
        ...);
  }

  CliOptions options_;
  cli::Program program_;
  std::vector<cli::DataLink> data_links_;
};

namespace cli::detail {
template <class Trainer>
struct CliOf;
template <class M, class D, class S, class A, class P, class... Ps>
struct CliOf<Trainer<M, D, S, A, P, Ps...>> {
  using type = Cli<M, D, S, A, P, Ps...>;
};
}  // namespace cli::detail

/// The command line of one trainer type: `int main(int c, char** v) { return
/// lt::run_cli<MyTrainer>(c, v); }`.
template <class Trainer>
int run_cli(int argc, char** argv, CliOptions options = {}) {
  return typename cli::detail::CliOf<Trainer>::type(std::move(options)).run(argc, argv);
}

}  // namespace lt
