// SPDX-License-Identifier: Apache-2.0
// Each process would find another size.
// expect-error: lt\[E763\] scale_batch_size does not work with a strategy of several processes; Fix: tune with
#include <lt/tuner/checks.hpp>

#include <cstdint>

struct Model {
  std::int64_t batch_size = 4;
};
struct Data {};
struct Strategy {
#ifdef LT_MUST_FAIL
  static constexpr bool is_distributed = true;
#else
  static constexpr bool is_distributed = false;
#endif
};

void use() {
  lt::report<lt::size_check<Model, Data, Strategy>>();
}
