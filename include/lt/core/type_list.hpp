// SPDX-License-Identifier: Apache-2.0
// A list of types; the members may be incomplete.
#pragma once

#include <cstddef>

namespace lt {

/// The members of a policy family, in order of preference: `using all = type_list<A, B>;`
template <class... Ts>
struct type_list {
  static constexpr std::size_t size = sizeof...(Ts);
};

}  // namespace lt
