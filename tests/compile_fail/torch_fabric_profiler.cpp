// SPDX-License-Identifier: Apache-2.0
// A profiler that nobody would call.
// expect-error: lt\[E413\] a profiler among the parts of a Fabric, which would not use it: the loop is your own; Fix: keep it beside
#include <lt/fabric.hpp>
#include <lt/policies/profiler/simple_profiler.hpp>

void run() {
#ifdef LT_MUST_FAIL
  lt::Fabric<lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
             lt::SimpleProfiler>
      fabric;
#else
  lt::Fabric<> fabric;
  lt::SimpleProfiler profiler;
  profiler.start("my loop");
  profiler.stop("my loop");
#endif
  fabric.launch();
}
