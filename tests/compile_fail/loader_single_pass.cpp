// SPDX-License-Identifier: Apache-2.0
// A range that can be walked only once.
// expect-error: lt\[E117\] the loader is a single-pass range: from its second epoch on it would be silently empty; Fix: give a callable that returns a fresh range for each epoch
#include <lt/core/loader.hpp>

#include <ranges>
#include <sstream>

#ifdef LT_MUST_FAIL
using Loader = std::ranges::istream_view<int>;
#else
struct Loader {
  std::istringstream stream{"1 2 3"};
  auto operator()() { return std::views::istream<int>(stream); }
};
#endif

void use() {
  lt::report<lt::loader_check<Loader>>();
}
