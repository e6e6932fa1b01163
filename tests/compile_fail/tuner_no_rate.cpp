// SPDX-License-Identifier: Apache-2.0
// lr_find sets what it finds.
// expect-error: lt\[E760\] lr_find sets the learning rate that it finds, .*; Fix: give the model a public member `double lr`
#include <lt/tuner/checks.hpp>

struct Options {
  double lr = 0.1;
};
LT_REFLECT(Options, (lr, "learning rate"))

struct Model {
  const Options& hparams() const;
#ifndef LT_MUST_FAIL
  Options& hparams();
#endif
};
struct Data {};

void use() {
  lt::report<lt::rate_check<Model, Data>>();
}
