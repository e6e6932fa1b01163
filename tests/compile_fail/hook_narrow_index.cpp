// SPDX-License-Identifier: Apache-2.0
// An index that would lose its sign.
// expect-error: lt\[E113\] on_validation_batch_start takes an index as another type than std::int64_t
#include "policies.hpp"

#ifdef LT_MUST_FAIL
struct Callback {
  void on_validation_batch_start(auto& ctx, const Batch& batch, std::uint64_t batch_idx);
};
#else
struct Callback {
  void on_validation_batch_start(auto& ctx, const Batch& batch, std::int64_t batch_idx);
};
#endif

void use() {
  lt::report<lt::callback_check<Callback, Types>>();
}
