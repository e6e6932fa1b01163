// SPDX-License-Identifier: Apache-2.0
// A profiler where only callbacks and loggers are looked for.
// expect-error: lt\[E411\] an lt::PartList with a type that is not looked for there; .* callbacks and loggers can be chosen
// expect-error: ; Fix: name it among the trainer's parts, beside the list
#include "policies.hpp"

#include <lt/core/part_list.hpp>

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Strategy, Accelerator, Precision, lt::PartList<Bar, Profiler>>;
#else
using Check = lt::rule_check<Strategy, Accelerator, Precision, lt::PartList<Bar>, Profiler>;
#endif

// The gate gives the error; the stub behind it takes any use without another.
struct Body {
  void fit(int epochs);
};
struct Stub {
  void fit(auto&&... whatever);
};
struct Trainer : lt::gate<Check, Body, Stub> {};
void use(Trainer trainer) {
  trainer.fit(3);
}
