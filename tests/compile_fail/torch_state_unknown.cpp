// SPDX-License-Identifier: Apache-2.0
// The state of a callback, which nobody has described.
// expect-error: lt\[E225\] this type cannot go into a checkpoint; Fix: describe it by LT_REFLECT
#include <lt/checkpoint/reflect.hpp>

struct State {
  int calls = 0;
};
#ifndef LT_MUST_FAIL
LT_REFLECT(State, (calls, "how often it was called"))
#endif

// What a trainer makes of a callback's state_dict().
auto saved() {
  return lt::checkpoint::to_value(State{});
}
