// SPDX-License-Identifier: Apache-2.0
// An option that the rules of TrainerOptions refuse.
// expect-error: lt\[E120\] max_epochs must be -1 \(no limit\), 0 or more
#include <lt/core/trainer_options.hpp>

#ifdef LT_MUST_FAIL
constexpr int epochs = -2;
#else
constexpr int epochs = 5;
#endif

auto use() {
  return lt::checked<[] { return lt::TrainerOptions{.max_epochs = epochs}; }>();
}
