// SPDX-License-Identifier: Apache-2.0
// Two objects of a type that the trainer names once.
// expect-error: lt\[E410\] more arguments of one type than the trainer has parts of it: .*; Fix: name the type
#include "policies.hpp"

#ifdef LT_MUST_FAIL
using Given = lt::type_list<Bar, Profiler, Bar>;
#else
using Given = lt::type_list<Bar, Profiler>;
#endif

void use() {
  lt::report<lt::place_check<Given, lt::type_list<Strategy, Bar, Profiler>>::type>();
}
