// SPDX-License-Identifier: Apache-2.0
// Loaders that were given directly have the size that they have.
// expect-error: lt\[E762\] scale_batch_size needs loaders that it can ask for .*; Fix: write a data module
#include <lt/data_module.hpp>
#include <lt/tuner/checks.hpp>

#include <cstdint>
#include <vector>

struct Model {
  std::int64_t batch_size = 4;
};
#ifdef LT_MUST_FAIL
using Data = lt::Loaders<std::vector<int>>;
#else
struct Data {};
#endif
struct Strategy {
  static constexpr bool is_distributed = false;
};

void use() {
  lt::report<lt::size_check<Model, Data, Strategy>>();
}
