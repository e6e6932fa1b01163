// SPDX-License-Identifier: Apache-2.0
// Names of checkpoint files from templates such as "{epoch}-{val_loss:.2f}".
// Source: Lightning, callbacks/model_checkpoint.py, `_format_checkpoint_name`.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/python_format.hpp"
#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// The numbers a template may name: `epoch` and `step` as whole numbers, metrics as floats.
using NamedNumbers = std::vector<std::pair<std::string, PythonNumber>>;

/// How a template is filled in.
struct FilenameStyle {
  std::string join_char = "-";    // between default parts, prefix and version
  std::string equals_char = "=";  // between a name and its value
  bool auto_insert_metric_name = true;
};

namespace detail {

inline void replace_all(std::string& subject, std::string_view what, std::string_view by) {
  std::size_t at = 0;
  while ((at = subject.find(what, at)) != std::string::npos) {
    subject.replace(at, what.size(), by);
    at += by.size();
  }
}

/// Each `{name` up to its `:` or `}`, the longest first.
inline std::vector<std::string> template_groups(std::string_view name) {
  std::vector<std::string> groups;
  std::size_t at = 0;
  while ((at = name.find('{', at)) != std::string_view::npos) {
    const std::size_t end = name.find_first_of(":}", at);
    if (end == std::string_view::npos) {
      break;
    }
    groups.emplace_back(name.substr(at, end - at));
    at = end + 1;
  }
  std::sort(groups.begin(), groups.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return groups;
}

/// Python's `str.format` where every field is `{0[name]}` or `{0[name]:spec}`.
inline std::string fill_fields(std::string_view fields, const NamedNumbers& numbers,
                               std::string_view whole) {
  const auto fail = [&](std::string_view why) {
    return ConfigError(text("lt[E313] the file name '", whole, "' ", why,
                            "; expected fields such as {epoch} or {val_loss:.2f}"));
  };
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const char c = fields[i];
    const bool doubled = i + 1 < fields.size() && fields[i + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      out += c;
      ++i;
    } else if (c == '}') {
      throw fail("has a '}' without its '{'");
    } else if (c != '{') {
      out += c;
    } else {
      const std::size_t name_end = fields.find(']', i);
      if (fields.substr(i + 1, 2) != "0[" || name_end == std::string_view::npos) {
        throw fail("has a field without a name or an end");
      }
      const std::string_view name = fields.substr(i + 3, name_end - i - 3);
      const std::size_t end = fields.find('}', name_end);
      const bool plain = name_end + 1 == end;
      if (name.empty() || end == std::string_view::npos ||
          !(plain || fields[name_end + 1] == ':')) {
        throw fail("has a field without a name or an end");
      }
      const auto number = std::find_if(numbers.begin(), numbers.end(),
                                       [&](const auto& entry) { return entry.first == name; });
      out += python_format(number != numbers.end() ? number->second : PythonNumber(std::int64_t{0}),
                           plain ? "" : fields.substr(name_end + 2, end - name_end - 2));
      i = end;
    }
  }
  return out;
}

}  // namespace detail

/// Fills in a file name: `{key}` and `{key:format}` become values of `numbers`, with `key=` before
/// them unless the style says otherwise. A key that is not there counts as 0; an empty template is
/// `{epoch}-{step}`. A "/" in a key makes a folder.
///
/// Errors: lt::ConfigError for a field or number format that is not understood.
inline std::string format_filename(std::string_view name, const NamedNumbers& numbers,
                                   const FilenameStyle& style = {},
                                   std::optional<std::string_view> prefix = {}) {
  const std::string whole =
      name.empty() ? "{epoch}" + style.join_char + "{step}" : std::string(name);
  std::string out = whole;
  for (const std::string& group : detail::template_groups(whole)) {
    const std::string key = group.substr(1);
    if (style.auto_insert_metric_name) {
      detail::replace_all(out, group, key + style.equals_char + group);
    }
    detail::replace_all(out, group, "{0[" + key + "]");
  }
  out = detail::fill_fields(out, numbers, whole);
  return prefix ? std::string(*prefix) + style.join_char + out : out;
}

/// The name of a further file where `stem` is taken already: `stem-v1`.
inline std::string versioned_filename(std::string_view stem, std::int64_t version,
                                      const FilenameStyle& style = {}) {
  return text(stem, style.join_char, "v", version);
}

}  // namespace lt
