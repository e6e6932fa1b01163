// SPDX-License-Identifier: Apache-2.0
// The same with a Fabric.
// expect-error: lt\[E178\] this optimizer evaluates its loss several times .*Fix: take lt::precision::Bf16Mixed
#include <lt/fabric.hpp>
#include <lt/optim/optimizers.hpp>
#include <lt/precision.hpp>

#ifdef LT_MUST_FAIL
using Precision = lt::precision::F16Mixed;
#else
using Precision = lt::precision::Bf16Mixed;
#endif

void run(lt::optim::LBFGS& optimizer) {
  lt::Fabric<lt::strategy::SingleDevice, lt::accelerator::Cpu, Precision> fabric;
  auto wrapped = fabric.setup_optimizers(optimizer);
  wrapped.zero_grad();
}
