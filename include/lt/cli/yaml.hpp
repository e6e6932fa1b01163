// SPDX-License-Identifier: Apache-2.0
// YAML files in and out: yaml-cpp reads them.
#pragma once

#include "lt/cli/node.hpp"
#include "lt/core/yaml_text.hpp"

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace lt::cli {

namespace detail {

inline std::string place(std::string_view source, const YAML::Mark& mark) {
  return mark.is_null() ? std::string(source)
                        : text(source, ":", mark.line + 1, ":", mark.column + 1);
}

inline Node from_yaml(const YAML::Node& yaml, std::string_view source, int depth = 0) {
  Node node;
  node.origin = place(source, yaml.Mark());
  if (depth > 64) {  // an alias that holds itself would go on for ever
    throw ConfigError(text("lt[E852] ", node.origin, ": the nesting is deeper than 64 levels"));
  }
  switch (yaml.Type()) {
    case YAML::NodeType::Scalar:
      node.kind = Node::Kind::scalar;
      node.text = yaml.Scalar();
      node.quoted = yaml.Tag() == "!";  // what yaml-cpp gives to a text in quotes
      break;
    case YAML::NodeType::Sequence:
      node.kind = Node::Kind::list;
      for (const YAML::Node& item : yaml) {
        node.items.push_back(from_yaml(item, source, depth + 1));
      }
      break;
    case YAML::NodeType::Map:
      node.kind = Node::Kind::map;
      for (const auto& entry : yaml) {
        const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
        const std::string where = place(source, entry.first.Mark());
        if (name.empty()) {
          throw ConfigError(text("lt[E852] ", where, ": a key must be a name"));
        }
        if (node.find(name) != nullptr) {
          throw ConfigError(text("lt[E852] ", where, ": the key '", name, "' stands there twice"));
        }
        Node value = from_yaml(entry.second, source, depth + 1);
        if (value.origin == source || value.is_map() || value.is_list() || value.is_null()) {
          value.origin = where;  // the key, rather than where its block begins
        }
        node.add(name, std::move(value));
      }
      break;
    default:
      break;
  }
  return node;
}

}  // namespace detail

/// Reads YAML (or JSON, which is YAML). `source` names it in errors.
/// Errors: lt::ConfigError with source, line and column.
inline Node parse_yaml(const std::string& content, std::string_view source) {
  try {
    return detail::from_yaml(YAML::Load(content), source);
  } catch (const YAML::Exception& error) {
    throw ConfigError(
        text("lt[E851] ", detail::place(source, error.mark), ": not valid YAML: ", error.msg));
  }
}

/// Reads a file. Errors: lt::ConfigError when it cannot be read, or is no YAML.
inline Node read_yaml(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    throw ConfigError(
        text("lt[E850] cannot read the configuration file '", path, "'; expected a YAML file"));
  }
  std::ostringstream content;
  content << file.rdbuf();
  return parse_yaml(content.str(), path);
}

namespace detail {

// What follows `name:` or `-`, up to and with the line's end.
inline void write_node(std::string& out, const Node& node, std::size_t indent) {
  if (node.is_scalar()) {
    out += " " + (node.quoted ? yaml_string(node.text) : node.text) + "\n";
  } else if (node.is_null()) {
    out += " null\n";
  } else if (node.items.empty()) {
    out += node.is_map() ? " {}\n" : " []\n";
  } else {
    out += "\n";
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      out += std::string(indent, ' ');
      if (node.is_map()) {
        out += yaml_string(node.names[i]) + ":";
        write_node(out, node.items[i], indent + 2);
        continue;
      }
      std::string item;
      write_node(item, node.items[i], indent + 2);
      if (item.starts_with("\n")) {  // the first line of the inner block goes behind the dash
        item = " " + item.substr(indent + 3);
      }
      out += "-" + item;
    }
  }
}

}  // namespace detail

/// The YAML text of a map, in the order of the tree.
inline std::string to_yaml(const Node& node) {
  std::string out;
  detail::write_node(out, node, 0);
  return out.substr(1);  // without the blank or the line end before the first entry
}

}  // namespace lt::cli
