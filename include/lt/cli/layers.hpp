// SPDX-License-Identifier: Apache-2.0
// The layers of a configuration: files, environment variables, flags, each laid over those before.
// Whatever form a class is written in, in the tree it is {class_path: name, init_args: {...}}.
#pragma once

#include "lt/cli/catalogue.hpp"
#include "lt/cli/convert.hpp"
#include "lt/cli/mistakes.hpp"
#include "lt/cli/node.hpp"
#include "lt/cli/yaml.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

namespace detail {

inline bool is_file_name(std::string_view word) {
  return word.ends_with(".yaml") || word.ends_with(".yml") || word.ends_with(".json");
}

/// A class in any of its forms: its name, {class_path:, init_args:}, or its options alone.
inline Node normal_class(const Slot& slot, Node node) {
  if (node.is_scalar() && node.text.starts_with('{') && !node.quoted) {
    node = parse_yaml(node.text, node.origin);
  }
  Node out = Node::map();
  out.origin = node.origin;
  const auto set_class = [&](const Node& name) {
    if (!name.is_scalar()) {
      throw not_a_class(name, text(slot.path, ".class_path is ", brief(name)),
                        "the name of a class");
    }
    Node& path = out.add("class_path",
                         Node::scalar(slot.kinds[require_kind(slot, name.text, name)].name, true));
    path.origin = name.origin;
  };
  if (node.is_scalar()) {
    set_class(node);
    return out;
  }
  if (!node.is_map()) {
    throw not_a_class(node, text(slot.path, " is ", brief(node)),
                      "a class, as {class_path: ..., init_args: {...}}, or its name");
  }
  if (node.find("class_path") == nullptr && node.find("init_args") == nullptr) {
    out.add("init_args", std::move(node));
    return out;
  }
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    const std::string& name = node.names[i];
    if (name == "class_path") {
      set_class(node.items[i]);
    } else if (name == "init_args" || name == "dict_kwargs") {
      if (!is_null_text(node.items[i])) {
        merge(out.at("init_args"), node.items[i]);
      }
    } else {
      throw unknown_key(node.items[i].origin, text(slot.path, ".", name),
                        "; a class has class_path and init_args");
    }
  }
  return out;
}

inline Node normal_list(const Slot& slot, Node node) {
  if (node.is_scalar() && node.text.starts_with('[')) {
    node = parse_yaml(node.text, node.origin);
  }
  Node out = Node::list();
  out.origin = node.origin;
  if (!node.is_list()) {
    out.items.push_back(normal_class(slot, std::move(node)));
    return out;
  }
  for (Node& item : node.items) {
    out.items.push_back(normal_class(slot, std::move(item)));
  }
  return out;
}

/// "auto" and nothing leave a choice to the program.
inline bool is_open(const Node& node) {
  return is_null_text(node) || (node.is_scalar() && node.text == "auto");
}

inline bool is_truth(const Node& node) {
  bool value = false;
  return node.is_scalar() && !node.quoted && read_bool(node, value) == Reading::fine;
}

inline Node normal_slot(const Slot& slot, Node node) {
  if (slot.list) {
    // trainer.logger may be true or false as well.
    return is_truth(node) ? std::move(node) : normal_list(slot, std::move(node));
  }
  return normal_class(slot, std::move(node));
}

}  // namespace detail

/// Brings a file's tree into the normal form. The part below the sub-command's own name, if there
/// is one, is laid over the rest; those of other sub-commands are passed over.
inline void normalize(const Catalogue& catalogue, std::string_view command, Node& root) {
  if (root.is_null()) {
    root = Node::map();
  }
  if (!root.is_map()) {
    throw not_a_map(root, "the configuration", "a map, as `trainer: {max_epochs: 3}`");
  }
  for (const Command& other : catalogue.commands) {
    if (Node* own = root.find(other.name)) {
      Node section = std::move(*own);
      root.erase(other.name);
      if (other.name == command && !section.is_null()) {
        merge(root, std::move(section));
      }
    }
  }
  for (const Slot& slot : catalogue.slots) {
    Node* node = find_path(root, slot.path);
    if (node == nullptr) {
      continue;
    }
    if (detail::is_open(*node)) {
      Node open;
      open.origin = node->origin;
      *node = std::move(open);
    } else {
      *node = detail::normal_slot(slot, std::move(*node));
    }
  }
}

/// Reads a file into the normal form.
inline Node read_layer(const Catalogue& catalogue, std::string_view command,
                       const std::string& path) {
  Node root = read_yaml(path);
  normalize(catalogue, command, root);
  return root;
}

/// Sets what a flag or a variable says: `path` is dotted, `word` is as it was typed. With `append`,
/// a class is put behind the others of its list.
inline void set_word(const Catalogue& catalogue, std::string_view command, Node& root,
                     std::string_view path, const std::string& word, std::string_view origin,
                     bool append = false) {
  Node value = word == "null" || word == "~" ? Node{} : Node::scalar(word);
  value.origin = origin;
  std::string_view rest;
  const Slot* slot = find_slot(catalogue, path, rest);
  const bool is_group = path == "trainer" || path == "tuner" || (slot != nullptr && rest.empty());
  if (is_group && detail::is_file_name(word)) {
    Node file = Node::map();
    make_path(file, path) = read_yaml(word);
    normalize(catalogue, command, file);
    merge(root, std::move(file));
    return;
  }
  if (slot == nullptr) {
    make_path(root, path) = std::move(value);
    return;
  }
  Node& node = make_path(root, slot->path);
  if (rest.empty()) {
    if (detail::is_open(value)) {
      node = std::move(value);
      node.kind = Node::Kind::null;
    } else if (append) {
      Node more = detail::normal_list(*slot, std::move(value));
      if (!node.is_list()) {
        node = Node::list();
      }
      std::move(more.items.begin(), more.items.end(), std::back_inserter(node.items));
    } else {
      merge(node, detail::normal_slot(*slot, std::move(value)));
    }
    return;
  }
  if (slot->list) {
    if (!node.is_list() || node.items.empty()) {
      throw ConfigError(text("lt[E858] ", origin, ": no ", slot->what,
                             " was chosen before; expected ", "--", slot->path,
                             " NAME in front of it"));
    }
    make_path(node.items.back().at("init_args"), rest) = std::move(value);
  } else {
    make_path(node.at("init_args"), rest) = std::move(value);
  }
}

}  // namespace lt::cli
