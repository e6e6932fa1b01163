// SPDX-License-Identifier: Apache-2.0
// What the program says of itself: --help, --list, --completion bash.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/flags.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lt::cli {

/// The help of the program: its sub-commands.
inline std::string help_text(const Catalogue& catalogue) {
  std::string out = text("usage: ", catalogue.program,
                         " COMMAND [--config FILE]... [FLAG VALUE]...\n", "\ncommands:\n");
  for (const Command& command : catalogue.commands) {
    out += text("  ", command.name,
                std::string(12 - std::min<std::size_t>(11, command.name.size()), ' '), command.help,
                "\n");
  }
  return out + text("\n  COMMAND --help     all flags of a command\n",
                    "  --list             the models, strategies, ... that this program holds\n",
                    "  --completion bash  a script for the shell: eval \"$(", catalogue.program,
                    " --completion bash)\"\n");
}

/// The help of a sub-command: all flags with types, defaults and help texts.
inline std::string help_text(const Catalogue& catalogue, std::string_view command,
                             const std::vector<Flag>& flags) {
  std::string out = text(
      "usage: ", catalogue.program, " ", command, " [--config FILE]... [FLAG VALUE]...\n\n",
      "  --config FILE\n      read this YAML file; may be given several times, later ones win\n",
      "  --print_config\n      print the whole configuration and end\n",
      "  --NAME is short for --trainer.NAME: ", join(short_flags, ", "), "\n");
  std::string group;
  std::string owner;
  for (const Flag& flag : flags) {
    const std::string mine = flag.path.substr(0, flag.path.find('.'));
    if (mine != group && mine != "ckpt_path" && mine != "return_predictions") {
      out += text("\n", mine == "seed_everything" ? "run" : mine, ":\n");
      group = mine;
    }
    if (flag.owner != owner && !flag.owner.empty()) {
      out += text("  of ", flag.owner, ":\n");
    }
    owner = flag.owner;
    const std::string values =
        flag.values.empty() || flag.type.starts_with('{') || flag.type.starts_with("bool")
            ? flag.type
            : "{" + join(flag.values, ",") + "}";
    out += text("  --", flag.path, flag.list ? "[+]" : "", " ", values);
    if (!flag.fallback.empty()) {
      out += text(" (default: ", flag.fallback, ")");
    }
    out += text("\n      ", flag.help, "\n");
  }
  return out;
}

/// What the program holds.
inline std::string list_text(const Catalogue& catalogue) {
  std::string out;
  for (const Slot& slot : catalogue.slots) {
    if (!slot.kinds.empty()) {
      out += text(slot.path, ": ", join(kind_names(slot), ", "), "\n");
    }
  }
  return out;
}

/// A script that makes bash complete sub-commands, flags and values.
/// Errors: lt::ConfigError for another shell.
inline std::string completion_text(const Catalogue& catalogue, std::string_view shell) {
  if (shell != "bash") {
    throw ConfigError(
        text("lt[E864] --completion ", shell, ": no script for this shell; expected ", "bash"));
  }
  std::string name = "_lt_complete_";
  for (const char c : catalogue.program) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += plain ? c : '_';
  }
  std::string commands;
  std::string flags_by_command;
  std::string values_by_flag;
  std::set<std::string> seen;
  for (const Command& command : catalogue.commands) {
    commands += (commands.empty() ? "" : " ") + command.name;
    std::set<std::string> names = {"--config", "--print_config", "--help"};
    for (const std::string_view shorter : short_flags) {
      names.insert("--" + std::string(shorter));
    }
    for (const Flag& flag : flags_of(catalogue, command.name)) {
      names.insert("--" + flag.path);
      if (flag.list) {
        names.insert("--" + flag.path + "+");
      }
      if (!flag.values.empty() && seen.insert(flag.path).second) {
        values_by_flag += text("    --", flag.path, flag.list ? text("|--", flag.path, "+") : "",
                               short_path(flag.path).empty() ? "" : "|--" + short_path(flag.path),
                               ") words=\"", join(flag.values, " "), "\" ;;\n");
      }
    }
    flags_by_command += text("    ", command.name, ") words=\"", join(names, " "), "\" ;;\n");
  }
  return text(name, "() {\n", "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\n",
              "  local before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n", "  case \"$before\" in\n",
              values_by_flag,
              "    --completion) words=bash ;;\n    --config|--ckpt_path) COMPREPLY=($(compgen -f "
              "-- \"$word\")); "
              "return ;;\n",
              "  esac\n", "  if [ -z \"$words\" ]; then case \"${COMP_WORDS[1]}\" in\n",
              flags_by_command, "    *) words=\"", commands, " --help --list --completion\" ;;\n",
              "  esac; fi\n", "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n", "}\n",
              "complete -F ", name, " ", catalogue.program, "\n");
}

}  // namespace lt::cli
