// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/core/text.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lt::checkpoint {

/// A key of a dict, or the index of a list: a text or a whole number (the optimizers' states are
/// numbered).
class Key : public std::variant<std::string, std::int64_t> {
 public:
  Key(std::string text) : variant(std::move(text)) {}                   // NOLINT: plain values
  Key(std::string_view text) : variant(std::string(text)) {}            // NOLINT
  Key(const char* text) : variant(std::string(text)) {}                 // NOLINT
  Key(std::integral auto n) : variant(static_cast<std::int64_t>(n)) {}  // NOLINT

  /// The text; null for a number.
  const std::string* text() const { return std::get_if<std::string>(this); }
  /// The number; null for a text.
  const std::int64_t* number() const { return std::get_if<std::int64_t>(this); }

  void append_to(std::string& out) const {
    std::visit([&](const auto& key) { append(out, key); }, *this);
  }
  friend bool operator==(const Key& a, const Key& b) {
    return static_cast<const variant&>(a) == static_cast<const variant&>(b);
  }
};

/// Where in the tree a reader stands; becomes a text only for an error. It refers to its parent and
/// its key, which must outlive it: paths live on the stack of the readers.
class Path {
 public:
  Path() = default;
  Path(const Path& parent, const Key& key) : parent_(&parent), key_(&key) {}
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  bool empty() const { return key_ == nullptr; }
  /// The path of what contains this one.
  const Path& parent() const { return parent_ ? *parent_ : *this; }

  /// `loops.fit_loop.epoch_progress`; "checkpoint" for the whole tree.
  void append_to(std::string& out) const {
    if (empty()) {
      out += "checkpoint";
      return;
    }
    if (!parent_->empty()) {
      parent_->append_to(out);
      out += '.';
    }
    key_->append_to(out);
  }

 private:
  const Path* parent_ = nullptr;
  const Key* key_ = nullptr;
};

}  // namespace lt::checkpoint
