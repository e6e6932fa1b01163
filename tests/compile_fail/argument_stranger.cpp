// SPDX-License-Identifier: Apache-2.0
// An argument of the constructor whose type the trainer does not name.
// expect-error: lt\[E409\] a stranger among the trainer's arguments: .*; Fix: name its type
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Given = Bar;
#else
using Given = Profiler;
#endif

void use() {
  lt::report<lt::argument_check<Given, Strategy, Accelerator, Precision, Profiler>>();
}
