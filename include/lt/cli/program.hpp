// SPDX-License-Identifier: Apache-2.0
// From the command line to settings: the layers in their order, links, and what is printed instead
// of a run. Nothing here depends on the types of a program.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/flags.hpp"
#include "lt/cli/help.hpp"
#include "lt/cli/layers.hpp"
#include "lt/cli/mistakes.hpp"
#include "lt/cli/parse.hpp"
#include "lt/cli/settings.hpp"
#include "lt/cli/yaml.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace lt::cli {

/// One option that follows another: `target` is set to what `compute` makes of `source`. Where the
/// source is `data_object`, it is set later.
struct Link {
  std::string source;
  std::string target;
  std::function<std::string(const std::string&)> compute{};  // empty: the value itself
};

/// What a program says before its users do.
struct Program {
  Catalogue catalogue{};
  std::string defaults{};  // YAML
  std::vector<Link> links{};
};

/// The source of links that ask the data module.
inline constexpr std::string_view data_object = "the data module";

namespace detail {

inline void add_environment(const Catalogue& catalogue, std::string_view command, Node& root) {
  const std::vector<Flag> flags = flags_of(catalogue, command);
  std::vector<std::string> known;
  for (const std::string_view scope : {std::string_view(), command}) {
    for (const Flag& flag : flags) {
      const std::string name = variable_name(catalogue.env_prefix, scope, flag.path);
      known.push_back(name);
      const char* value = std::getenv(name.c_str());
      if (value != nullptr && (scope.empty() || scope == command)) {
        set_word(catalogue, command, root, flag.path, value, name);
      }
    }
  }
  // A misspelled variable would be passed over in silence otherwise.
  std::vector<std::string> groups = {text(catalogue.env_prefix, "_TRAINER__")};
  for (const Slot& slot : catalogue.slots) {
    groups.push_back(variable_name(catalogue.env_prefix, "", slot.path) + "__");
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::string_view(*entry).find('='));
    for (const std::string& group : groups) {
      if (name.starts_with(group) && std::find(known.begin(), known.end(), name) == known.end()) {
        throw unknown_key("the environment", name, suggestion(name, known));
      }
    }
  }
}

// Where a dotted option stands in a complete configuration.
inline const Node* find_in_config(const Catalogue& catalogue, const Node& config,
                                  std::string_view path) {
  std::string_view rest;
  const Slot* slot = find_slot(catalogue, path, rest);
  if (slot != nullptr && !rest.empty()) {
    const Node* arguments = find_path(config, text(slot->path, ".init_args"));
    if (arguments != nullptr) {
      return find_path(*arguments, rest);
    }
  }
  return find_path(config, path);
}

inline void erase_in_config(const Catalogue& catalogue, Node& config, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  std::string_view rest;
  const Slot* slot = find_slot(catalogue, path, rest);
  if (dot == std::string_view::npos) {
    config.erase(path);
    return;
  }
  Node* owner = slot == nullptr ? nullptr : find_path(config, text(slot->path, ".init_args"));
  owner = owner == nullptr ? find_path(config, path.substr(0, dot)) : owner;
  if (owner != nullptr) {
    owner->erase(path.substr(dot + 1));
  }
}

inline void add_links(const Program& program, std::string_view command, Node& root) {
  for (const Link& link : program.links) {
    std::string_view rest;
    const Slot* slot = find_slot(program.catalogue, link.target, rest);
    const Node* given = slot == nullptr ? find_path(root, link.target)
                                        : find_path(root, text(slot->path, ".init_args.", rest));
    if (given != nullptr) {
      throw ConfigError(text("lt[E865] ", at_origin(*given), link.target, " follows ", link.source,
                             "; expected ", link.source, " alone"));
    }
    if (!link.compute && link.source == data_object) {
      continue;
    }
    const Settings before = resolve(program.catalogue, command, root);
    const Node* source = find_in_config(program.catalogue, before.config, link.source);
    if (source == nullptr) {
      continue;  // the chosen class has no such option
    }
    const std::string value = short_text(*source);
    set_word(program.catalogue, command, root, link.target,
             link.compute ? link.compute(value) : value,
             text("the link from ", link.source, " to ", link.target));
  }
}

}  // namespace detail

namespace detail {

// The lowest layer.
inline Node defaults_of(const Program& program, std::string_view command) {
  Node root = Node::map();
  make_path(root, "trainer.handle_signals") = Node::scalar("true");  // a program of its own may
  if (!program.defaults.empty()) {
    Node defaults = parse_yaml(program.defaults, "the program's defaults");
    normalize(program.catalogue, command, defaults);
    merge(root, std::move(defaults));
  }
  return root;
}

// The flags for the help: defaults are the program's, and what follows another option is left out.
inline std::vector<Flag> shown_flags(const Program& program, std::string_view command) {
  std::vector<Flag> flags = flags_of(program.catalogue, command);
  const Node config = resolve(program.catalogue, command, defaults_of(program, command)).config;
  for (Flag& flag : flags) {
    const Node* value = find_in_config(program.catalogue, config, flag.path);
    if (flag.owner.empty() && !flag.fallback.empty() && value != nullptr && !value->is_map() &&
        !value->is_null() && !flag.list) {
      flag.fallback = short_text(*value);
    }
  }
  std::erase_if(flags, [&](const Flag& flag) {
    return std::any_of(program.links.begin(), program.links.end(),
                       [&](const Link& link) { return link.target == flag.path; });
  });
  return flags;
}

}  // namespace detail

/// All layers, merged: the program's defaults, files, the environment, flags.
inline Settings settings_of(const Program& program, const Request& request) {
  const Catalogue& catalogue = program.catalogue;
  Node root = detail::defaults_of(program, request.command);
  for (const std::string& file : request.files) {
    merge(root, read_layer(catalogue, request.command, file));
  }
  detail::add_environment(catalogue, request.command, root);
  for (const Word& word : request.words) {
    set_word(catalogue, request.command, root, word.path, word.value, word.origin, word.append);
  }
  detail::add_links(program, request.command, root);
  Settings settings = resolve(catalogue, request.command, root);
  for (const Link& link : program.links) {  // what follows is not written down
    detail::erase_in_config(catalogue, settings.config, link.target);
  }
  return settings;
}

/// What is printed instead of a run; nothing if the run is wanted.
inline std::optional<std::string> printed(const Program& program, const Request& request) {
  switch (request.action) {
    case Action::help:
      return request.command.empty() ? help_text(program.catalogue)
                                     : help_text(program.catalogue, request.command,
                                                 detail::shown_flags(program, request.command));
    case Action::list:
      return list_text(program.catalogue);
    case Action::completion:
      return completion_text(program.catalogue, request.shell);
    default:
      return std::nullopt;
  }
}

}  // namespace lt::cli
