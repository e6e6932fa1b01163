// SPDX-License-Identifier: Apache-2.0
// A function for a hook that only models have.
// expect-error: lt\[E346\] lt::on: callbacks do not have this hook; Fix: name one that they have
#include <lt/policies/callback/lambda_callback.hpp>

#ifdef LT_MUST_FAIL
using Hook = lt::hook::training_step;
#else
using Hook = lt::hook::on_train_end;
#endif

auto callback() {
  return lt::LambdaCallback(lt::on<Hook>([](lt::RunView&) {}));
}
