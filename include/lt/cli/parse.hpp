// SPDX-License-Identifier: Apache-2.0
// The command line itself: CLI11 splits it into a sub-command and flags, in their order.
#pragma once

#include "lt/cli/flags.hpp"
#include "lt/cli/nearest.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// What is wanted of the program.
enum class Action : std::uint8_t { run, help, list, completion, print_config };

/// One flag with its value.
struct Word {
  std::string path;
  std::string value;
  std::string origin;  // the flag as it was typed
  bool append = false;
};

/// A command line, split.
struct Request {
  Action action = Action::run;
  std::string command{};
  std::vector<std::string> files{};  // of --config, in their order
  std::vector<Word> words{};
  std::string shell{};       // of --completion
  std::string print_what{};  // of --print_config
};

namespace detail {

// --model.init_args.x is --model.x, --model.class_path is --model.
inline std::string plain_flag(std::string argument) {
  if (!argument.starts_with("--")) {
    return argument;
  }
  const std::size_t end = std::min(argument.find('='), argument.size());
  std::string flag = argument.substr(0, end);
  for (const std::string_view part : {".init_args.", ".dict_kwargs."}) {
    const std::size_t place = flag.find(part);
    if (place != std::string::npos) {
      flag.replace(place, part.size(), ".");
    }
  }
  if (flag.ends_with(".class_path")) {
    flag.resize(flag.size() - std::string_view(".class_path").size());
  }
  if (argument.size() > end + 1 && flag.ends_with('+')) {
    flag.pop_back();
    return flag + "+" + argument.substr(end);
  }
  return flag + argument.substr(end);
}

// Each flag of one (sub-)command, and where it leads.
struct Registered {
  std::map<const CLI::Option*, Flag> flags{};
  std::vector<std::string> names{};
};

inline void register_flag(CLI::App& app, Registered& known, const std::string& name,
                          const Flag& flag) {
  if (std::find(known.names.begin(), known.names.end(), name) != known.names.end()) {
    return;  // several classes have an option of that name
  }
  CLI::Option* option = app.add_option(name);
  option->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
  known.flags.emplace(option, flag);
  known.names.push_back(name);
}

inline void register_common(CLI::App& app, Registered& known) {
  register_flag(app, known, "--config", {"--config", "file", "", ""});
  register_flag(app, known, "--completion", {"--completion", "bash", "", ""});
  for (const char* name : {"--help", "--list", "--print_config"}) {
    known.names.emplace_back(name);
  }
}

inline void register_all(CLI::App& app, Registered& known, const std::vector<Flag>& flags) {
  register_common(app, known);
  for (const Flag& flag : flags) {
    register_flag(app, known, "--" + flag.path, flag);
    if (flag.list) {
      Flag append = flag;
      append.owner = "+";
      register_flag(app, known, "--" + flag.path + "+", append);
    }
  }
}

}  // namespace detail

/// Splits the arguments (without the program's name).
/// Errors: lt::ConfigError for an unknown sub-command or flag, with the nearest one, and for a flag
/// that is given two values.
class CommandLine {
 public:
  explicit CommandLine(const Catalogue& catalogue) : catalogue_(catalogue) {}

  Request parse(std::vector<std::string> arguments) {
    for (std::string& argument : arguments) {
      argument = detail::plain_flag(std::move(argument));
      if (argument.starts_with("--")) {  // a short form
        const std::string full = "--" + full_path(std::string_view(argument).substr(2));
        typed_.emplace(full.substr(0, full.find('=')), argument.substr(0, argument.find('=')));
        argument = full;
      }
    }
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    app.require_subcommand(0, 1);
    detail::Registered top;
    detail::register_common(app, top);
    bool help = false;
    bool list = false;
    std::string print;
    add_switches(app, help, list, print);
    // Only the sub-command that is named needs its flags: there are hundreds.
    std::vector<std::string> names;
    std::map<std::string, detail::Registered> known;
    for (const Command& command : catalogue_.commands) {
      names.push_back(command.name);
      CLI::App* sub = app.add_subcommand(command.name);
      sub->set_help_flag();
      sub->allow_extras();
      add_switches(*sub, help, list, print);
      if (std::find(arguments.begin(), arguments.end(), command.name) != arguments.end()) {
        detail::register_all(*sub, known[command.name], flags_of(catalogue_, command.name));
      }
    }
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
    try {
      app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
      const std::string_view what = error.what();
      throw ConfigError(text("lt[E861] ", what.substr(0, what.find(':')),
                             what.find("required") == std::string_view::npos
                                 ? std::string(what.substr(std::min(what.find(':'), what.size())))
                                 : " has no value; expected one behind it"));
    }

    Request request;
    request.print_what = print == "true" ? std::string() : print;
    collect(app, top, request);
    const std::vector<CLI::App*> chosen = app.get_subcommands();
    if (!chosen.empty()) {
      request.command = chosen[0]->get_name();
      collect(*chosen[0], known[request.command], request);
      refuse_extras(chosen[0]->remaining(false), known[request.command].names, request.command);
    }
    refuse_top(app.remaining(false), top.names, names, chosen.empty(), help || list);
    request.action = help                     ? Action::help
                     : list                   ? Action::list
                     : !request.shell.empty() ? Action::completion
                     : !print.empty()         ? Action::print_config
                                              : Action::run;
    if (request.command.empty() &&
        (request.action == Action::run || request.action == Action::print_config)) {
      throw ConfigError(text("lt[E862] no sub-command; expected one of ", join(names, ", "),
                             " (--help says more)"));
    }
    return request;
  }

 private:
  static void add_switches(CLI::App& app, bool& help, bool& list, std::string& print) {
    app.add_flag("-h,--help", help);
    app.add_flag("--list", list);
    app.add_flag("--print_config", print);
  }

  void collect(const CLI::App& app, const detail::Registered& known, Request& request) const {
    std::map<const CLI::Option*, std::size_t> counts;
    std::map<std::string, std::string> given;
    for (const CLI::Option* option : app.parse_order()) {
      const auto found = known.flags.find(option);
      if (found == known.flags.end()) {
        continue;  // a switch
      }
      const Flag& flag = found->second;
      const std::string value = option->results().at(counts[option]++);
      if (flag.path == "--config") {
        request.files.push_back(value);
      } else if (flag.path == "--completion") {
        request.shell = value;
      } else {
        const bool append = flag.owner == "+";
        const std::string full = "--" + flag.path + (append ? "+" : "");
        const auto typed = typed_.find(full);
        const std::string origin = typed == typed_.end() ? full : typed->second;
        // Options of the elements of a list may come once for each.
        const bool in_list = is_in_list(flag.path);
        const auto [before, fresh] = given.emplace(flag.path, value);
        if (!append && !in_list && !fresh && before->second != value) {
          throw ConfigError(
              text("lt[E863] ", origin, " is given twice, as '", before->second, "' and as '",
                   value, "'; expected one of them",
                   flag.list ? text("; --", flag.path, "+ appends to the list") : std::string()));
        }
        request.words.push_back({flag.path, value, origin, append});
      }
    }
  }

  bool is_in_list(std::string_view path) const {
    std::string_view rest;
    const Slot* slot = find_slot(catalogue_, path, rest);
    return slot != nullptr && slot->list && !rest.empty();
  }

  static void refuse_extras(const std::vector<std::string>& extras, std::vector<std::string> names,
                            std::string_view command) {
    if (extras.empty()) {
      return;
    }
    const std::string wrong = extras[0].substr(0, extras[0].find('='));
    if (!wrong.starts_with('-')) {
      throw ConfigError(text("lt[E861] unexpected '", wrong, "' after ", command,
                             "; expected flags, as --trainer.max_epochs 3"));
    }
    for (std::string& name : names) {
      name.erase(0, 2);
    }
    const std::string near = nearest(wrong.substr(std::min<std::size_t>(2, wrong.size())), names);
    throw ConfigError(text("lt[E861] ", command, " has no flag ", wrong,
                           near.empty() ? text("; ", command, " --help lists all")
                                        : text("; did you mean --", near, "?")));
  }

  static void refuse_top(const std::vector<std::string>& extras,
                         const std::vector<std::string>& flags,
                         const std::vector<std::string>& commands, bool none, bool informing) {
    if (extras.empty()) {
      return;
    }
    const std::string wrong = extras[0].substr(0, extras[0].find('='));
    if (wrong.starts_with('-')) {
      throw ConfigError(
          text("lt[E861] no flag ", wrong, " before the sub-command", suggestion(wrong, flags)));
    }
    if (none || informing) {
      const std::string near = nearest(wrong, commands);
      throw ConfigError(text("lt[E862] unknown sub-command '", wrong, "'; expected one of ",
                             join(commands, ", "),
                             near.empty() ? "" : text("; did you mean ", near, "?")));
    }
    throw ConfigError(text("lt[E861] unexpected '", wrong, "'; expected flags"));
  }

  const Catalogue& catalogue_;
  std::map<std::string, std::string> typed_;  // the full flag -> the form that was typed
};

}  // namespace lt::cli
