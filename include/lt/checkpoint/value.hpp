// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/path.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lt::checkpoint {

class Value;
struct Entry;

/// Python's `list` (and `tuple`).
using List = std::vector<Value>;

/// Python's `bytes`.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// Python's `dict`: ordered, each key once.
class Dict {
 public:
  // Defined below, where Entry is known.
  inline Dict();
  inline Dict(std::initializer_list<Entry> entries);
  inline Dict(const Dict&);
  inline Dict(Dict&&) noexcept;
  inline Dict& operator=(const Dict&);
  inline Dict& operator=(Dict&&) noexcept;
  inline ~Dict();

  /// Null if there is no such key.
  inline const Value* find(const Key& key) const;
  inline Value* find(const Key& key);
  bool contains(const Key& key) const { return find(key) != nullptr; }
  /// The value under `key`; a null one is added if there is none.
  inline Value& operator[](const Key& key);
  /// True if there was such a key.
  inline bool erase(const Key& key);

  inline std::size_t size() const;
  inline bool empty() const;
  inline std::vector<Entry>::const_iterator begin() const;
  inline std::vector<Entry>::const_iterator end() const;
  inline std::vector<Entry>::iterator begin();
  inline std::vector<Entry>::iterator end();

 private:
  std::vector<Entry> entries_;
};

/// How a value is handed out as a `T`: numbers as copies, all else as a reference.
template <class T>
using Read = std::conditional_t<std::is_arithmetic_v<T>, T, const T&>;

/// What a value is.
enum class Kind : std::uint8_t { null, boolean, integer, number, text, tensor, list, dict, bytes };

/// The tree that a checkpoint is: what Python writes as dict, list, int, float, str, bool, None,
/// Tensor and bytes. Copies are deep, but tensors share their memory.
///
///     checkpoint["epoch"] = 3;
///     checkpoint["state_dict"]["l1.weight"] = weight;
///     checkpoint.get<double>("callbacks", "Best", "score");
///
/// Errors: lt::CheckpointError when a key is missing or a value is of another kind. The text names
/// the whole path for `at` and `get` and the last key for chains of `[]`.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                                 // NOLINT: plain values
  Value(std::same_as<bool> auto value) : value_(value) {}  // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>)
  Value(T value) : value_(static_cast<std::int64_t>(value)) {}           // NOLINT
  Value(std::floating_point auto v) : value_(static_cast<double>(v)) {}  // NOLINT
  Value(std::string text) : value_(std::move(text)) {}                   // NOLINT
  Value(std::string_view text) : value_(std::string(text)) {}            // NOLINT
  Value(const char* text) : value_(std::string(text)) {}                 // NOLINT
  /// Null if the tensor is undefined.
  Value(at::Tensor tensor) {  // NOLINT
    if (tensor.defined()) {
      value_ = std::move(tensor);
    }
  }
  Value(List list) : value_(std::move(list)) {}     // NOLINT
  Value(Dict dict) : value_(std::move(dict)) {}     // NOLINT
  Value(Bytes bytes) : value_(std::move(bytes)) {}  // NOLINT

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_dict() const { return kind() == Kind::dict; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_tensor() const { return kind() == Kind::tensor; }
  bool is_text() const { return kind() == Kind::text; }
  /// The members of a list or a dict; 0 for anything else.
  inline std::size_t size() const;

  /// The value below these keys; null if there is none.
  template <class... Keys>
  const Value* find(const Key& key, const Keys&... rest) const;
  template <class... Keys>
  Value* find(const Key& key, const Keys&... rest) {
    return const_cast<Value*>(std::as_const(*this).find(key, rest...));
  }
  template <class... Keys>
  bool contains(const Key& key, const Keys&... rest) const {
    return find(key, rest...) != nullptr;
  }
  /// The value below these keys, which must be there. An integer key of a list is its index.
  template <class... Keys>
  const Value& at(const Key& key, const Keys&... rest) const {
    return at_path(Path(), key, rest...);
  }
  /// The same as a `T`.
  template <class T, class... Keys>
  Read<T> get(const Key& key, const Keys&... rest) const {
    return get_path<T>(Path(), key, rest...);
  }

  const Value& operator[](const Key& key) const { return child(key, Path(Path(), key)); }
  /// Adds the key to a dict if it is new; a null value becomes a dict.
  inline Value& operator[](const Key& key);
  /// Adds to a list; a null value becomes a list.
  inline void push_back(Value value);
  /// Removes a key of a dict; true if it was there.
  bool erase(const Key& key) { return is_dict() && std::get<Dict>(value_).erase(key); }

  /// This value as a bool, an integer, a floating-point number, std::string, at::Tensor, List, Dict
  /// or Bytes. A number may be whole, and may be a tensor of one element, as Lightning saves
  /// scores.
  template <class T>
  Read<T> as(const Path& path = Path()) const;
  List& list() { return mine<List>("a list"); }
  inline const List& list() const;
  Dict& dict() { return mine<Dict>("a dict"); }
  inline const Dict& dict() const;

  /// The value below one key, which must be there; `path` is that of the child, for the error.
  inline const Value& child(const Key& key, const Path& path) const;
  /// What this is, for messages: `the text "abc"`, `a tensor of shape [2, 3]`.
  inline std::string describe() const;
  /// The error for a value that is not what was asked for.
  [[noreturn]] void refuse(const Path& path, std::string_view expected) const {
    throw CheckpointError(
        lt::text("lt[E223] ", path, ": expected ", expected, ", found ", describe()));
  }

 private:
  template <class... Keys>
  const Value& at_path(const Path& above, const Key& key, const Keys&... rest) const {
    const Path path(above, key);
    const Value& value = child(key, path);
    if constexpr (sizeof...(rest) == 0) {
      return value;
    } else {
      return value.at_path(path, rest...);
    }
  }
  template <class T, class... Keys>
  Read<T> get_path(const Path& above, const Key& key, const Keys&... rest) const {
    const Path path(above, key);
    if constexpr (sizeof...(rest) == 0) {
      return child(key, path).as<T>(path);
    } else {
      return child(key, path).get_path<T>(path, rest...);
    }
  }
  template <class T>
  T& mine(std::string_view expected) {
    if (is_null()) {
      value_ = T();
    }
    T* value = std::get_if<T>(&value_);
    if (value == nullptr) {
      refuse(Path(), expected);
    }
    return *value;
  }
  /// The element of a tensor that has one; null otherwise.
  const at::Tensor* scalar_tensor() const {
    const auto* tensor = std::get_if<at::Tensor>(&value_);
    return tensor && tensor->numel() == 1 ? tensor : nullptr;
  }
  template <class T>
  static constexpr std::string_view name_of();

  std::variant<std::monostate, bool, std::int64_t, double, std::string, at::Tensor, List, Dict,
               Bytes>
      value_;
};

/// One key of a dict and what is under it.
struct Entry {
  Key key;
  Value value;
};

// -- Dict
// -------------------------------------------------------------------------------------------

inline Dict::Dict() = default;
inline Dict::Dict(const Dict&) = default;
inline Dict::Dict(Dict&&) noexcept = default;
inline Dict& Dict::operator=(const Dict&) = default;
inline Dict& Dict::operator=(Dict&&) noexcept = default;
inline Dict::~Dict() = default;
inline Dict::Dict(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) {
    (*this)[entry.key] = entry.value;
  }
}
inline const Value* Dict::find(const Key& key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) {
      return &entry.value;
    }
  }
  return nullptr;
}
inline Value* Dict::find(const Key& key) {
  return const_cast<Value*>(std::as_const(*this).find(key));
}
inline Value& Dict::operator[](const Key& key) {
  Value* found = find(key);
  return found ? *found : entries_.emplace_back(Entry{key, Value()}).value;
}
inline bool Dict::erase(const Key& key) {
  return std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; }) > 0;
}
inline std::size_t Dict::size() const {
  return entries_.size();
}
inline bool Dict::empty() const {
  return entries_.empty();
}
inline std::vector<Entry>::const_iterator Dict::begin() const {
  return entries_.begin();
}
inline std::vector<Entry>::const_iterator Dict::end() const {
  return entries_.end();
}
inline std::vector<Entry>::iterator Dict::begin() {
  return entries_.begin();
}
inline std::vector<Entry>::iterator Dict::end() {
  return entries_.end();
}

// -- Value
// ------------------------------------------------------------------------------------------

inline std::size_t Value::size() const {
  if (const auto* list = std::get_if<List>(&value_)) {
    return list->size();
  }
  const auto* dict = std::get_if<Dict>(&value_);
  return dict ? dict->size() : 0;
}

template <class... Keys>
const Value* Value::find(const Key& key, const Keys&... rest) const {
  const Value* found = nullptr;
  if (const auto* dict = std::get_if<Dict>(&value_)) {
    found = dict->find(key);
  } else if (const auto* list = std::get_if<List>(&value_); list && key.number()) {
    const auto index = static_cast<std::size_t>(*key.number());  // negative: beyond the end
    found = index < list->size() ? &(*list)[index] : nullptr;
  }
  if constexpr (sizeof...(rest) == 0) {
    return found;
  } else {
    return found ? found->find(rest...) : nullptr;
  }
}

inline const Value& Value::child(const Key& key, const Path& path) const {
  if (!is_dict() && !(is_list() && key.number())) {
    refuse(path.parent(), key.number() ? "a list or a dict" : "a dict");
  }
  if (const Value* found = find(key)) {
    return *found;
  }
  if (is_list()) {
    throw CheckpointError(lt::text("lt[E223] ", path, ": no such index; found ", describe()));
  }
  std::vector<Key> keys;
  for (const Entry& entry : dict()) {
    if (keys.size() == 8) {
      keys.emplace_back("...");
      break;
    }
    keys.push_back(entry.key);
  }
  throw CheckpointError(lt::text("lt[E223] ", path, ": no such key; found ", keys));
}

inline Value& Value::operator[](const Key& key) {
  if (is_list()) {
    return const_cast<Value&>(std::as_const(*this)[key]);
  }
  return dict()[key];
}

inline void Value::push_back(Value value) {
  list().push_back(std::move(value));
}

template <class T>
constexpr std::string_view Value::name_of() {
  if constexpr (std::same_as<T, std::string>) {
    return "a text";
  } else if constexpr (std::same_as<T, at::Tensor>) {
    return "a tensor";
  } else if constexpr (std::same_as<T, List>) {
    return "a list";
  } else if constexpr (std::same_as<T, Dict>) {
    return "a dict";
  } else {
    return "bytes";
  }
}

template <class T>
Read<T> Value::as(const Path& path) const {
  if constexpr (std::same_as<T, bool>) {
    if (const auto* value = std::get_if<bool>(&value_)) {
      return *value;
    }
    if (const at::Tensor* tensor = scalar_tensor(); tensor && tensor->scalar_type() == at::kBool) {
      return tensor->item().toBool();
    }
    refuse(path, "true or false");
  } else if constexpr (std::integral<T>) {
    std::int64_t value = 0;
    if (const auto* own = std::get_if<std::int64_t>(&value_)) {
      value = *own;
    } else if (const at::Tensor* tensor = scalar_tensor();
               tensor && !tensor->is_floating_point() && !tensor->is_complex()) {
      value = tensor->item().toLong();
    } else {
      refuse(path, "a whole number");
    }
    if (!std::in_range<T>(value)) {
      refuse(path, lt::text("a whole number of ", 8 * sizeof(T), " bits"));
    }
    return static_cast<T>(value);
  } else if constexpr (std::floating_point<T>) {
    if (const auto* value = std::get_if<double>(&value_)) {
      return static_cast<T>(*value);
    }
    if (const auto* value = std::get_if<std::int64_t>(&value_)) {
      return static_cast<T>(*value);
    }
    if (const at::Tensor* tensor = scalar_tensor(); tensor && !tensor->is_complex()) {
      return static_cast<T>(tensor->item().toDouble());
    }
    refuse(path, "a number");
  } else {
    const T* value = std::get_if<T>(&value_);
    if (value == nullptr) {
      refuse(path, name_of<T>());
    }
    return *value;
  }
}

inline const List& Value::list() const {
  return as<List>();
}
inline const Dict& Value::dict() const {
  return as<Dict>();
}

inline std::string Value::describe() const {
  struct Describe {
    std::string operator()(std::monostate) const { return "nothing (None)"; }
    std::string operator()(bool value) const { return lt::text(value); }
    std::string operator()(std::int64_t value) const { return lt::text("the number ", value); }
    std::string operator()(double value) const { return lt::text("the number ", value); }
    std::string operator()(const std::string& value) const {
      constexpr std::size_t shown = 60;
      return lt::text("the text \"", value.substr(0, shown), value.size() > shown ? "...\"" : "\"");
    }
    std::string operator()(const at::Tensor& t) const {
      return lt::text("a tensor of shape ", t.sizes());
    }
    std::string operator()(const List& list) const {
      return lt::text("a list of ", list.size(), list.size() == 1 ? " value" : " values");
    }
    std::string operator()(const Dict& dict) const {
      return lt::text("a dict of ", dict.size(), dict.size() == 1 ? " key" : " keys");
    }
    std::string operator()(const Bytes& bytes) const {
      return lt::text(bytes.data.size(), " bytes");
    }
  };
  return std::visit(Describe(), value_);
}

}  // namespace lt::checkpoint
