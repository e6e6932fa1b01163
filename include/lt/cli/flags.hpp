// SPDX-License-Identifier: Apache-2.0
// All flags of a sub-command, as data: registered with CLI11, listed in the help, completed by the
// shell, and looked for in the environment.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/schema.hpp"
#include "lt/core/text.hpp"
#include "lt/core/trainer_options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lt::cli {

/// One flag: `--path VALUE`.
struct Flag {
  std::string path;
  std::string type;
  std::string fallback;
  std::string help;
  std::vector<std::string> values{};  // all there are, where they can be listed
  std::string owner{};                // the class that has it, where others could be chosen
  bool list = false;                  // --path+ VALUE appends
};

namespace detail {

inline std::string short_text(const Node& node) {
  if (node.is_scalar()) {
    return node.text.empty() ? "''" : node.text;
  }
  if (node.is_list()) {
    std::string out;
    for (const Node& item : node.items) {
      out += (out.empty() ? "" : ", ") + short_text(item);
    }
    return "[" + out + "]";
  }
  return "null";
}

inline void add_flags(std::vector<Flag>& flags, const Schema& schema, const std::string& prefix,
                      const std::string& owner = {}) {
  for (const Option& option : schema.options) {
    const std::string path = text(prefix, ".", option.name);
    if (option.nested != nullptr) {
      add_flags(flags, *option.nested, path, owner);
    } else {
      flags.push_back(
          {path, option.type, short_text(option.fallback), option.help, option.values, owner});
    }
  }
}

// A slot's own flag and those of its classes.
inline void add_slot_flags(std::vector<Flag>& flags, const Slot& slot) {
  if (slot.kinds.empty() && slot.path != "trainer.logger") {
    return;
  }
  const bool one = slot.kinds.size() == 1;
  Flag flag{slot.path, one && !slot.list ? "class or file" : "class", "", "", kind_names(slot)};
  flag.list = slot.list;
  flag.fallback = slot.list || slot.optional || slot.kinds.empty() ? "none" : slot.kinds[0].name;
  flag.help = slot.list ? text("the ", slot.what, "s, one by one; with + at the end of the flag, ",
                               "one more")
                        : text("the ", slot.what);
  if (slot.path == "trainer.logger") {
    flag.type = "class or bool";
    flag.values.insert(flag.values.end(), {"true", "false"});
    flag.fallback = "null";
  }
  flags.push_back(std::move(flag));
  for (const Kind& kind : slot.kinds) {
    if (kind.schema != nullptr) {
      add_flags(flags, *kind.schema, slot.path, one && !slot.list ? "" : kind.name);
    }
  }
}

}  // namespace detail

/// In the order of the help: what goes for all, the trainer, its classes, model and data.
inline std::vector<Flag> flags_of(const Catalogue& catalogue, std::string_view command) {
  std::vector<Flag> flags = {
      {"seed_everything", "bool or int", "true",
       "seed of all random numbers; true: PL_GLOBAL_SEED, or 0; false: none"},
      {"ckpt_path", "text or null", "null",
       command == "fit" ? "go on from this checkpoint: a file, or last"
                        : "weights of this checkpoint: a file, best or last"}};
  if (command == "predict") {
    flags.push_back({"return_predictions",
                     "bool",
                     "true",
                     "keep the predictions, to count them",
                     {"true", "false"}});
  }
  if (command == "tune" && catalogue.tuner != nullptr) {
    detail::add_flags(flags, *catalogue.tuner, "tuner");
  }
  flags.push_back({"trainer", "file", "", "read the options of the trainer from this YAML file"});
  for (const Option& option : schema_of<TrainerOptions>().options) {
    if (option.name != "logger") {
      const bool here = option.name == "handle_signals";  // a program of its own may
      flags.push_back({"trainer." + option.name, option.type,
                       here ? "true" : detail::short_text(option.fallback), option.help,
                       option.values});
    }
  }
  flags.push_back({"trainer.devices", "int or auto", "auto",
                   "processes on this machine; more than 1 needs a strategy for them"});
  for (const bool of_trainer : {true, false}) {
    for (const Slot& slot : catalogue.slots) {
      if (slot.path.starts_with("trainer.") == of_trainer) {
        detail::add_slot_flags(flags, slot);
      }
    }
  }
  for (const Slot& slot : catalogue.slots) {
    if (slot.path == "lr_scheduler" && !slot.kinds.empty()) {
      flags.push_back({"lr_scheduler.monitor", "text", "''",
                       "metric that decides (ReduceLROnPlateau); the same as lr_schedule.monitor"});
    }
  }
  return flags;
}

/// Flags of the trainer that may be written without `trainer.` in front.
inline constexpr std::string_view short_flags[] = {
    "strategy", "accelerator", "precision", "devices", "callbacks", "logger", "max_epochs"};

/// The path that a short form stands for; others are what they are.
inline std::string full_path(std::string_view path) {
  for (const std::string_view name : short_flags) {
    if (path.starts_with(name) && (path.size() == name.size() || path[name.size()] == '.' ||
                                   path[name.size()] == '=' || path[name.size()] == '+')) {
      return text("trainer.", path);
    }
  }
  return std::string(path);
}

/// The short form of a path, or nothing.
inline std::string short_path(std::string_view path) {
  const std::string_view rest = path.starts_with("trainer.") ? path.substr(8) : std::string_view();
  for (const std::string_view name : short_flags) {
    if (rest == name) {
      return std::string(name);
    }
  }
  return {};
}

/// The variable of the environment that says the same as `--path`: LT_TRAINER__MAX_EPOCHS, and with
/// a sub-command LT_FIT__TRAINER__MAX_EPOCHS.
inline std::string variable_name(std::string_view prefix, std::string_view command,
                                 std::string_view path) {
  std::string out = text(prefix, "_", command, command.empty() ? "" : "__");
  for (const char c : path) {
    out += c == '.' ? "__" : std::string(1, c);
  }
  for (char& c : out) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

}  // namespace lt::cli
