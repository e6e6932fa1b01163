// SPDX-License-Identifier: Apache-2.0
// `Text`, a small owning string that works in constant expressions, and the writing of values into
// messages without formatting libraries.
#pragma once

#include <charconv>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lt {

/// An owning text usable in options that are checked at compile time. (clang with libstdc++ 12
/// refuses std::string in constant expressions.)
class Text {
 public:
  constexpr Text() = default;
  constexpr Text(std::string_view text) { assign(text); }  // NOLINT: a text is a text
  constexpr Text(const char* text) { assign(text); }       // NOLINT
  Text(const std::string& text) { assign(text); }          // NOLINT
  constexpr Text(const Text& other) { assign(other.view()); }
  constexpr Text(Text&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  constexpr Text& operator=(const Text& other) {
    if (this != &other) {
      delete[] data_;
      assign(other.view());
    }
    return *this;
  }
  constexpr Text& operator=(Text&& other) noexcept {
    if (this != &other) {
      delete[] data_;
      data_ = other.data_;
      size_ = other.size_;
      other.data_ = nullptr;
      other.size_ = 0;
    }
    return *this;
  }
  constexpr ~Text() { delete[] data_; }

  constexpr std::string_view view() const { return {data_, size_}; }
  std::string str() const { return std::string(view()); }
  constexpr operator std::string_view() const { return view(); }  // NOLINT
  constexpr bool empty() const { return size_ == 0; }

  friend constexpr bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }
  friend constexpr bool operator==(const Text& a, std::string_view b) { return a.view() == b; }
  friend constexpr bool operator==(const Text& a, const char* b) {
    return a.view() == std::string_view(b);
  }

 private:
  constexpr void assign(std::string_view text) {
    size_ = text.size();
    data_ = size_ == 0 ? nullptr : new char[size_];
    for (std::size_t i = 0; i < size_; ++i) {
      data_[i] = text[i];
    }
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Appends `value` as a person would write it: numbers in their shortest exact form, true/false,
/// texts as they are, `none` for an empty optional, lists in brackets, enumerations through
/// `enum_name(value)`, and classes through their `append_to(std::string&)`.
template <class T>
void append(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<T>) {
    char buffer[64];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    out.append(buffer, result.ptr);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view(value);
  } else if constexpr (std::is_enum_v<T>) {
    out += enum_name(value);
  } else if constexpr (requires { value.append_to(out); }) {
    value.append_to(out);
  } else if constexpr (requires { value.has_value(); *value; }) {
    if (value.has_value()) {
      append(out, *value);
    } else {
      out += "none";
    }
  } else {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
      if (!first) {
        out += ", ";
      }
      first = false;
      append(out, item);
    }
    out += ']';
  }
}

/// The values one after the other as one text: `text("max_epochs = ", 3)`.
template <class... Ts>
std::string text(const Ts&... values) {
  std::string out;
  (append(out, values), ...);
  return out;
}

/// The items with `separator` between them.
template <class Range>
std::string join(const Range& items, std::string_view separator) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) {
      out += separator;
    }
    append(out, item);
  }
  return out;
}

}  // namespace lt
