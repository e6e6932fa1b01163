// SPDX-License-Identifier: Apache-2.0
// Something that yields no batches.
// expect-error: lt\[E118\] this is not a loader; Fix: give a range of batches
#include <lt/core/loader.hpp>

#include <vector>

#ifdef LT_MUST_FAIL
using Loader = int;
#else
using Loader = std::vector<int>;
#endif

void use() {
  lt::report<lt::loader_check<Loader>>();
}
