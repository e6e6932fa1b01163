// SPDX-License-Identifier: Apache-2.0
// A configuration that was understood: the options of every chosen class, with defaults filled in,
// and the same as a tree to print and to save.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/layers.hpp"
#include "lt/cli/mistakes.hpp"
#include "lt/cli/node.hpp"
#include "lt/cli/schema.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace lt::cli {

/// A chosen class and its options; these are there if it has a schema.
struct Chosen {
  std::size_t kind = 0;
  std::shared_ptr<void> options{};
};

/// What a program is asked to do.
struct Settings {
  std::string command{};
  TrainerOptions trainer{};
  std::vector<std::vector<Chosen>> slots{};  // one entry for each slot of the catalogue
  bool seeded = true;
  std::optional<std::int64_t> seed{};  // empty: PL_GLOBAL_SEED, or 0
  std::optional<std::int64_t> devices{};
  std::string ckpt_path{};
  bool return_predictions = true;
  std::shared_ptr<void> tuner{};
  Node config{};
};

/// Names that Lightning's trainer has and this one has not, with the values that change nothing.
inline bool is_harmless(std::string_view name, const Node& value) {
  struct Row {
    std::string_view name;
    std::string_view values;
  };
  constexpr Row rows[] = {{"num_nodes", " 1 "},
                          {"sync_batchnorm", " false "},
                          {"plugins", " [] "},
                          {"profiler", " "},
                          {"benchmark", " false "},
                          {"model_registry", " "},
                          {"enable_model_summary_depth", " "}};
  for (const Row& row : rows) {
    if (row.name == name) {
      return is_null_text(value) || (value.is_list() && value.items.empty()) ||
             row.values.find(text(" ", value.text, " ")) != std::string_view::npos;
    }
  }
  return false;
}

namespace detail {

/// Reads a merged tree, step by step.
class Resolver {
 public:
  Resolver(const Catalogue& catalogue, std::string_view command) : catalogue_(catalogue) {
    out_.command = command;
  }

  Settings run(Node root) {
    move_monitor(root);
    check_names(root);
    read_seed(root);
    read_trainer(root);
    for (const Slot& slot : catalogue_.slots) {
      read_slot(slot, find_path(root, slot.path));
    }
    choose_strategy(root);
    read_call(root);
    describe();
    return std::move(out_);
  }

 private:
  template <class T>
  void read(const Node& root, std::string_view path, std::string_view type, T& out) {
    const Node* node = find_path(root, path);
    if (node == nullptr || node->is_null()) {
      return;
    }
    const Reading reading = read_value(*node, out);
    if (reading != Reading::fine) {
      throw wrong_value(*node, path, reading == Reading::wrong_type, type);
    }
  }

  // Lightning's ReduceLROnPlateau is given its monitor; here it belongs to the schedule.
  static void move_monitor(Node& root) {
    Node* arguments = find_path(root, "lr_scheduler.init_args");
    Node* monitor = arguments == nullptr ? nullptr : arguments->find("monitor");
    if (monitor != nullptr) {
      Node value = std::move(*monitor);
      arguments->erase("monitor");
      make_path(root, "lr_schedule.init_args.monitor") = std::move(value);
    }
  }

  void check_names(const Node& root) {
    std::vector<std::string> known = {"trainer", "seed_everything", "ckpt_path"};
    if (out_.command == "predict") {
      known.emplace_back("return_predictions");
    }
    if (out_.command == "tune") {
      known.emplace_back("tuner");
    }
    for (const Slot& slot : catalogue_.slots) {
      if (slot.path.find('.') == std::string::npos) {
        known.push_back(slot.path);
      }
    }
    for (std::size_t i = 0; i < root.names.size(); ++i) {
      const std::string& name = root.names[i];
      const bool passed_over = name == "weights_only" || name == "verbose" ||
                               name == "return_predictions" || name == "tuner" || name == "config";
      if (std::find(known.begin(), known.end(), name) == known.end() && !passed_over) {
        throw unknown_key(root.items[i].origin, name, suggestion(name, known));
      }
    }
  }

  void read_seed(const Node& root) {
    const Node* node = root.find("seed_everything");
    if (node == nullptr || is_null_text(*node)) {
      return;
    }
    if (is_truth(*node)) {
      (void)read_bool(*node, out_.seeded);
      return;
    }
    std::int64_t seed = 0;
    constexpr std::string_view expected = "true, false, or a number from 0 to 4294967295";
    read(root, "seed_everything", expected, seed);
    if (seed < 0 || seed > 4294967295) {
      throw wrong_value(*node, "seed_everything", false, expected);
    }
    out_.seed = seed;
  }

  // Everything below `trainer` but the classes and what belongs to the launch.
  void read_trainer(const Node& root) {
    const Node* found = root.find("trainer");
    Node options = found == nullptr ? Node::map() : *found;
    if (!options.is_map() && !options.is_null()) {
      throw not_a_map(options, "trainer", "a map of options");
    }
    for (const Slot& slot : catalogue_.slots) {
      if (slot.path.starts_with("trainer.")) {
        const std::string name = slot.path.substr(8);
        const Node* node = options.find(name);
        if (node != nullptr && !(is_truth(*node) && name == "logger")) {
          options.erase(name);
        }
      }
    }
    if (const Node* devices = options.find("devices")) {
      if (!is_open(*devices)) {
        std::int64_t count = 0;
        constexpr std::string_view expected = "a number of processes, 1 or more, or auto";
        read(root, "trainer.devices", expected, count);
        if (count < 1) {
          throw wrong_value(*devices, "trainer.devices", false, expected);
        }
        out_.devices = count;
      }
      options.erase("devices");
    }
    Node* fast = options.find("fast_dev_run");
    if (fast != nullptr && is_truth(*fast)) {  // Lightning has true for one batch
      bool on = false;
      (void)read_bool(*fast, on);
      fast->text = on ? "1" : "0";
    }
    Node kept = Node::map();
    for (std::size_t i = 0; i < options.names.size(); ++i) {
      if (!is_harmless(options.names[i], options.items[i])) {
        kept.add(options.names[i], options.items[i]);
      }
    }
    const Schema& schema = schema_of<TrainerOptions>();
    if (!kept.items.empty()) {
      check_trainer_names(schema, kept);
    }
    apply(schema, kept, &out_.trainer, "trainer");
    validate(out_.trainer, "trainer");
  }

  // The names of the classes are offered as well.
  void check_trainer_names(const Schema& schema, const Node& options) const {
    std::vector<std::string> known = option_names(schema, "trainer.");
    known.emplace_back("trainer.devices");
    for (const Slot& slot : catalogue_.slots) {
      known.push_back(slot.path);
    }
    for (std::size_t i = 0; i < options.names.size(); ++i) {
      const std::string name = "trainer." + options.names[i];
      if (find_option(schema, options.names[i]) == nullptr) {
        throw unknown_key(options.items[i].origin, name, suggestion(name, known));
      }
    }
  }

  Chosen make(const Slot& slot, std::size_t index, const Node* arguments) const {
    const Kind& kind = slot.kinds[index];
    Chosen chosen{index, nullptr};
    const std::string where =
        slot.kinds.size() == 1 && !slot.list ? slot.path : text(slot.path, ".", kind.name);
    if (kind.schema == nullptr) {
      if (arguments != nullptr && !arguments->items.empty()) {
        throw unknown_key(arguments->items[0].origin, text(slot.path, ".", arguments->names[0]),
                          text("; ", kind.name, " has no options"));
      }
      return chosen;
    }
    chosen.options = kind.schema->make();
    if (arguments != nullptr) {
      apply(*kind.schema, *arguments, chosen.options.get(), slot.path);
    }
    kind.schema->check(chosen.options.get(), where);
    return chosen;
  }

  Chosen make(const Slot& slot, const Node& node) const {
    const Node* name = node.find("class_path");
    if (name == nullptr && slot.kinds.size() > 1 && (slot.list || slot.optional)) {
      throw not_a_class(node, text(slot.path, " has options but no class"),
                        text("a class_path, one of ", join(kind_names(slot), ", ")));
    }
    const std::size_t index = name == nullptr ? 0 : require_kind(slot, name->text, *name);
    return make(slot, index, node.find("init_args"));
  }

  void read_slot(const Slot& slot, const Node* node) {
    std::vector<Chosen>& chosen = out_.slots.emplace_back();
    if (node != nullptr && slot.list && node->is_list()) {
      for (const Node& item : node->items) {
        chosen.push_back(make(slot, item));
      }
    } else if (node != nullptr && node->is_map()) {
      chosen.push_back(make(slot, *node));
    } else if (!slot.list && !slot.optional && !slot.kinds.empty()) {
      chosen.push_back(make(slot, 0, nullptr));
    }
  }

  // Several processes need a strategy for them: the first that is held, where none was named.
  void choose_strategy(const Node& root) {
    if (out_.devices.value_or(1) == 1) {
      return;
    }
    for (std::size_t i = 0; i < catalogue_.slots.size(); ++i) {
      const Slot& slot = catalogue_.slots[i];
      if (slot.path != "trainer.strategy" || slot.kinds[out_.slots[i][0].kind].distributed) {
        continue;
      }
      const Node* devices = find_path(root, "trainer.devices");
      const Node* node = find_path(root, slot.path);
      const Node* named = node == nullptr ? nullptr : node->find("class_path");
      if (named == nullptr) {
        for (std::size_t k = 0; k < slot.kinds.size(); ++k) {
          if (slot.kinds[k].distributed) {
            out_.slots[i][0] = make(slot, k, node == nullptr ? nullptr : node->find("init_args"));
            return;
          }
        }
      }
      throw ConfigError(text("lt[E859] ", at_origin(*devices), "trainer.devices = ", *out_.devices,
                             ", but the strategy ", slot.kinds[out_.slots[i][0].kind].name,
                             " has one process; expected devices = 1 or a strategy of several ",
                             "processes; the program holds ", join(kind_names(slot), ", ")));
    }
  }

  void read_call(const Node& root) {
    read(root, "ckpt_path", "a file, best or last", out_.ckpt_path);
    const bool keyword = out_.ckpt_path == "best" || out_.ckpt_path == "last" ||
                         out_.ckpt_path == "hpc" || out_.ckpt_path == "registry";
    std::error_code ignored;
    if (!out_.ckpt_path.empty() && !keyword && !std::filesystem::exists(out_.ckpt_path, ignored)) {
      throw ConfigError(text("lt[E860] ", at_origin(*root.find("ckpt_path")), "ckpt_path = '",
                             out_.ckpt_path, "': there is no such file"));
    }
    if (out_.command == "predict") {
      read(root, "return_predictions", "bool", out_.return_predictions);
    }
    if (out_.command == "tune" && catalogue_.tuner != nullptr) {
      out_.tuner = catalogue_.tuner->make();
      if (const Node* node = root.find("tuner")) {
        apply(*catalogue_.tuner, *node, out_.tuner.get(), "tuner");
      }
    }
  }

  // -- the same as a tree
  // ---------------------------------------------------------------------------
  static Node describe_class(const Slot& slot, const Chosen& chosen) {
    const Kind& kind = slot.kinds[chosen.kind];
    Node map = Node::map();
    map.add("class_path", Node::scalar(kind.name, true));
    if (kind.schema != nullptr) {
      map.add("init_args", describe_object(*kind.schema, chosen.options.get()));
    }
    return map;
  }

  void describe() {
    Node& config = out_.config = Node::map();
    config.add("seed_everything", out_.seed ? write_value(*out_.seed) : write_value(out_.seeded));
    config.add("trainer", describe_object(schema_of<TrainerOptions>(), &out_.trainer));
    for (std::size_t i = 0; i < catalogue_.slots.size(); ++i) {
      const Slot& slot = catalogue_.slots[i];
      const std::vector<Chosen>& chosen = out_.slots[i];
      Node node;
      if (slot.kinds.empty()) {
        continue;
      }
      if (slot.list) {
        if (slot.path == "trainer.logger" && chosen.empty()) {
          continue;  // the option of that name stands there
        }
        node = Node::list();
        for (const Chosen& one : chosen) {
          node.items.push_back(describe_class(slot, one));
        }
      } else if (!chosen.empty()) {
        const Kind& kind = slot.kinds[chosen[0].kind];
        const bool plain = slot.path.find('.') == std::string::npos && slot.kinds.size() == 1;
        if (plain) {
          node = kind.schema == nullptr ? Node::map()
                                        : describe_object(*kind.schema, chosen[0].options.get());
        } else {
          node = kind.schema == nullptr ? Node::scalar(kind.name, true)
                                        : describe_class(slot, chosen[0]);
        }
      }
      make_path(config, slot.path) = std::move(node);
    }
    make_path(config, "trainer.devices") =
        out_.devices ? write_value(*out_.devices) : Node::scalar("auto");
    config.add("ckpt_path", out_.ckpt_path.empty() ? Node{} : Node::scalar(out_.ckpt_path, true));
    if (out_.command == "predict") {
      config.add("return_predictions", write_value(out_.return_predictions));
    }
    if (out_.tuner != nullptr) {
      config.add("tuner", describe_object(*catalogue_.tuner, out_.tuner.get()));
    }
  }

  const Catalogue& catalogue_;
  Settings out_;
};

}  // namespace detail

/// Understands a merged tree in the normal form.
/// Errors: lt::ConfigError, with the origin of what is wrong.
inline Settings resolve(const Catalogue& catalogue, std::string_view command, const Node& root) {
  return detail::Resolver(catalogue, command).run(root);
}

}  // namespace lt::cli
