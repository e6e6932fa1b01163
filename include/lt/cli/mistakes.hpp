// SPDX-License-Identifier: Apache-2.0
// The errors that several steps of reading a configuration have in common.
#pragma once

#include "lt/cli/node.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <string>
#include <string_view>

namespace lt::cli {

/// `node` should hold several options.
inline ConfigError not_a_map(const Node& node, std::string_view what, std::string_view expected) {
  return ConfigError(
      text("lt[E853] ", at_origin(node), what, " is ", brief(node), "; expected ", expected));
}

/// A name that means nothing; `hint` begins with a semicolon.
inline ConfigError unknown_key(std::string_view origin, std::string_view name,
                               std::string_view hint) {
  return ConfigError(
      text("lt[E854] ", origin, origin.empty() ? "" : ": ", "unknown key ", name, hint));
}

/// A value of another type, or out of range.
inline ConfigError wrong_value(const Node& node, std::string_view path, bool is_type,
                               std::string_view expected) {
  return ConfigError(text("lt[E855] ", at_origin(node), path, " = ", brief(node),
                          is_type ? " has the wrong type" : " is out of range", "; expected ",
                          expected));
}

/// `node` should be a class, with or without options.
inline ConfigError not_a_class(const Node& node, std::string_view what, std::string_view expected) {
  return ConfigError(text("lt[E857] ", at_origin(node), what, "; expected ", expected));
}

}  // namespace lt::cli
