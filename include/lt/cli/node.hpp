// SPDX-License-Identifier: Apache-2.0
// The tree that configuration files, environment variables and flags are read into. Each value
// knows where it was written, so that an error can say it.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt::cli {

/// Nothing, a value that is still text, a list, or a map in the order of the file.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string text{};                // of a scalar
  bool quoted = false;               // a text, whatever it looks like
  std::vector<std::string> names{};  // of a map, one for each item
  std::vector<Node> items{};         // of a list or a map
  std::string origin{};              // "a.yaml:3:5", "--trainer.max_epochs"

  static Node scalar(std::string_view text, bool quoted = false) {
    Node node;
    node.kind = Kind::scalar;
    node.text = text;
    node.quoted = quoted;
    return node;
  }
  static Node list() {
    Node node;
    node.kind = Kind::list;
    return node;
  }
  static Node map() {
    Node node;
    node.kind = Kind::map;
    return node;
  }

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }

  /// The entry of a map; nullptr if it is not there.
  const Node* find(std::string_view name) const {
    const auto place = std::find(names.begin(), names.end(), name);
    return place == names.end() ? nullptr : &items[static_cast<std::size_t>(place - names.begin())];
  }
  Node* find(std::string_view name) {
    return const_cast<Node*>(static_cast<const Node&>(*this).find(name));
  }

  /// The entry of that name, made where it is not there. What was no map becomes one.
  Node& at(std::string_view name) {
    if (!is_map()) {
      Node fresh = map();
      fresh.origin = std::move(origin);
      *this = std::move(fresh);
    }
    if (Node* found = find(name)) {
      return *found;
    }
    names.emplace_back(name);
    return items.emplace_back();
  }
  Node& add(std::string_view name, Node value) { return at(name) = std::move(value); }

  void erase(std::string_view name) {
    const auto place = std::find(names.begin(), names.end(), name);
    if (place != names.end()) {
      items.erase(items.begin() + (place - names.begin()));
      names.erase(place);
    }
  }
};

/// The entry below dotted names, as "trainer.callbacks"; nullptr if it is not there.
inline const Node* find_path(const Node& root, std::string_view path) {
  const Node* node = &root;
  while (node != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return node;
}
inline Node* find_path(Node& root, std::string_view path) {
  return const_cast<Node*>(find_path(static_cast<const Node&>(root), path));
}

/// The same, made where it is not there.
inline Node& make_path(Node& root, std::string_view path) {
  Node* node = &root;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    node = &node->at(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return *node;
}

/// Lays `layer` over `base`: maps entry by entry, everything else as a whole. Another class brings
/// its own arguments: those of the class before are forgotten.
inline void merge(Node& base, Node layer) {
  if (!base.is_map() || !layer.is_map()) {
    base = std::move(layer);
    return;
  }
  const Node* before = base.find("class_path");
  const Node* after = layer.find("class_path");
  if (before != nullptr && after != nullptr && before->text != after->text) {
    base = std::move(layer);
    return;
  }
  for (std::size_t i = 0; i < layer.names.size(); ++i) {
    merge(base.at(layer.names[i]), std::move(layer.items[i]));
  }
  base.origin = std::move(layer.origin);
}

/// A short form of a value for messages.
inline std::string brief(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return text("'", node.text, "'");
    case Node::Kind::list:
      return text("a list of ", node.items.size());
    case Node::Kind::map:
      return text("a map of ", node.items.size());
    default:
      return "null";
  }
}

/// "a.yaml:3:5: ", or nothing for what has no place.
inline std::string at_origin(const Node& node) {
  return node.origin.empty() ? std::string() : node.origin + ": ";
}

}  // namespace lt::cli
