// SPDX-License-Identifier: Apache-2.0
// What the command line knows of an options type: plain data, made from its reflection once, so
// that flags, files, help and printing need no template of their own.
#pragma once

#include "lt/cli/convert.hpp"
#include "lt/cli/mistakes.hpp"
#include "lt/cli/nearest.hpp"
#include "lt/cli/node.hpp"
#include "lt/core/check.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lt::cli {

struct Schema;

/// One reflected field.
struct Option {
  std::string name;
  std::string help;
  std::string type;                 // "int or null"
  Node fallback;                    // the value in a default object
  std::vector<std::string> values;  // of an enumeration or a truth value
  const Schema* nested = nullptr;   // of a field that is itself reflected
  std::size_t offset = 0;           // where it is in the object
  Reading (*read)(const Node&, void* field) = nullptr;
  Node (*write)(const void* field) = nullptr;
};

/// An options type.
struct Schema {
  std::vector<Option> options;
  std::shared_ptr<void> (*make)() = nullptr;
  void (*check)(const void* object, std::string_view where) = nullptr;
};

template <Reflected T>
const Schema& schema_of();

namespace detail {

template <class Value>
struct ValueOf {
  using type = Value;
};
template <class Value>
struct ValueOf<std::optional<Value>> {
  using type = Value;
};

// One function for each type of value, not for each field.
template <class Value>
Reading read_field(const Node& node, void* field) {
  return read_value(node, *static_cast<Value*>(field));
}
template <class Value>
Node write_field(const void* field) {
  return write_value(*static_cast<const Value*>(field));
}
template <class Value>
void describe(Option& option) {
  using Inner = typename ValueOf<Value>::type;
  option.type = type_text<Value>();
  option.read = &read_field<Value>;
  option.write = &write_field<Value>;
  if constexpr (std::is_enum_v<Inner>) {
    option.values = enumerator_names<Inner>();
  } else if constexpr (std::same_as<Inner, bool>) {
    option.values = {"true", "false"};
  } else if constexpr (Reflected<Value>) {
    option.nested = &schema_of<Value>();
  }
}

template <class T>
Schema make_schema() {
  Schema schema;
  schema.make = [] { return std::shared_ptr<void>(std::make_shared<T>()); };
  schema.check = [](const void* object, std::string_view where) {
    validate(*static_cast<const T*>(object), where);
  };
  const T sample{};
  for_each_field_info<T>([&]<class Value>(const Field<T, Value>& field) {
    if constexpr (is_readable<Value>()) {
      Option option;
      option.name = field.name;
      option.help = field.help;
      const Value& value = sample.*(field.member);
      option.offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&value) -
                                               reinterpret_cast<const char*>(&sample));
      describe<Value>(option);
      option.fallback = option.write(&value);
      schema.options.push_back(std::move(option));
    }
  });
  return schema;
}

}  // namespace detail

/// The schema of `T`, which must be default-constructible: that object has the defaults.
template <Reflected T>
const Schema& schema_of() {
  static const Schema schema = detail::make_schema<T>();
  return schema;
}

/// The option of that name; nullptr if there is none.
inline const Option* find_option(const Schema& schema, std::string_view name) {
  for (const Option& option : schema.options) {
    if (option.name == name) {
      return &option;
    }
  }
  return nullptr;
}

inline std::vector<std::string> option_names(const Schema& schema, std::string_view prefix = {}) {
  std::vector<std::string> names;
  for (const Option& option : schema.options) {
    names.push_back(text(prefix, option.name));
  }
  return names;
}

/// Sets the fields of `object` that `node` names. `path` is where the object stands, as "trainer".
/// Errors: lt::ConfigError with the origin, for an unknown key or a value of another type.
inline void apply(const Schema& schema, const Node& node, void* object, std::string_view path) {
  if (is_null_text(node)) {
    return;
  }
  if (!node.is_map()) {
    throw not_a_map(node, path, "a map of options");
  }
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    const std::string name = path.empty() ? node.names[i] : text(path, ".", node.names[i]);
    const Node& value = node.items[i];
    const Option* option = find_option(schema, node.names[i]);
    if (option == nullptr) {
      throw unknown_key(
          value.origin, name,
          suggestion(name, option_names(schema, path.empty() ? "" : text(path, "."))));
    }
    void* field = static_cast<char*>(object) + option->offset;
    if (option->nested != nullptr) {
      apply(*option->nested, value, field, name);
      continue;
    }
    const Reading reading = option->read(value, field);
    if (reading != Reading::fine && !value.is_null()) {  // nothing leaves the default
      throw wrong_value(value, name, reading == Reading::wrong_type, option->type);
    }
  }
}

/// All fields of an object as a map.
inline Node describe_object(const Schema& schema, const void* object) {
  Node map = Node::map();
  for (const Option& option : schema.options) {
    const void* field = static_cast<const char*>(object) + option.offset;
    map.add(option.name, option.nested != nullptr ? describe_object(*option.nested, field)
                                                  : option.write(field));
  }
  return map;
}

}  // namespace lt::cli
