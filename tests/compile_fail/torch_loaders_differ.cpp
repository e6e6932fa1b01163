// SPDX-License-Identifier: Apache-2.0
// Two validation loaders with batches of different types, for one validation_step.
// expect-error: lt\[E119\] the loaders of one evaluation yield batches of different types; Fix: give loaders with one batch type, or combine them
#include <lt/data/example.hpp>
#include <lt/trainer/batch_source.hpp>

#include <tuple>
#include <vector>

#ifdef LT_MUST_FAIL
using Second = lt::Example<>;
#else
using Second = at::Tensor;
#endif
using Loaders = std::tuple<std::vector<at::Tensor>, std::vector<Second>>;

// What a trainer makes of its val_dataloader().
using Batch = lt::detail::EvalSource<Loaders>::type::batch_type;
