// SPDX-License-Identifier: Apache-2.0
// The name that was probably meant.
#pragma once

#include "lt/core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace lt::cli {

/// How many letters must be added, removed, replaced or swapped with their neighbour to turn `a`
/// into `b`.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::vector<std::size_t> next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0U : 1U)});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
      }
    }
    before = row;
    row = next;
  }
  return row.back();
}

/// The name nearest to `wrong`; empty if none is near.
inline std::string nearest(std::string_view wrong, const std::vector<std::string>& names) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(wrong, name);
    // The last word of a dotted name, written without the rest.
    const bool tail = name.size() > wrong.size() + 1 && name.ends_with(wrong) &&
                      name[name.size() - wrong.size() - 1] == '.';
    if (distance < least || (tail && least > 1)) {
      least = tail ? 1 : distance;
      best = name;
    }
  }
  return best;
}

/// "; did you mean X?", or all names where none is near and they are few.
inline std::string suggestion(std::string_view wrong, const std::vector<std::string>& names) {
  const std::string best = nearest(wrong, names);
  if (!best.empty()) {
    return text("; did you mean ", best, "?");
  }
  return names.empty() || names.size() > 24 ? std::string()
                                            : text("; there are: ", join(names, ", "));
}

}  // namespace lt::cli
