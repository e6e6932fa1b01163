// SPDX-License-Identifier: Apache-2.0
// scale_batch_size sets what it finds.
// expect-error: lt\[E761\] scale_batch_size sets the batch size that it finds, .*; Fix: give one of them a public member
#include <lt/tuner/checks.hpp>

#include <cstdint>

struct Model {};
struct Data {
#ifdef LT_MUST_FAIL
  const std::int64_t batch_size = 4;
#else
  std::int64_t batch_size = 4;
#endif
};
struct Strategy {
  static constexpr bool is_distributed = false;
};

void use() {
  lt::report<lt::size_check<Model, Data, Strategy>>();
}
