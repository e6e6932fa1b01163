// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"

#include <lt/data/data_loader.hpp>
#include <lt/data/views.hpp>

#include "doctest_torch.hpp"
#include <range/v3/view/filter.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include <algorithm>
#include <ranges>
#include <vector>

using namespace test;

namespace {

Ints sorted(Ints numbers) {
  std::ranges::sort(numbers);
  return numbers;
}

const Ints ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

}  // namespace

TEST_CASE("a pipeline from range-v3 is a loader") {
  auto loader = ten | ranges::views::transform([](std::int64_t i) { return 10 * i; }) |
                lt::views::batch(4) | lt::views::prefetch(2);
  static_assert(lt::Loader<decltype(loader)>);
  static_assert(std::same_as<lt::batch_of<decltype(loader)>, at::Tensor>);
  CHECK(loader.size() == 3);
  for (int epoch = 0; epoch < 3; ++epoch) {
    CHECK(flat(loader) == Ints{0, 10, 20, 30, 40, 50, 60, 70, 80, 90});
  }
}

TEST_CASE("a pipeline from the standard library is a loader") {
  auto loader = ten | std::views::filter([](std::int64_t i) { return i % 2 == 1; }) |
                lt::views::batch(2, true);
  static_assert(lt::Loader<decltype(loader)>);
  CHECK_FALSE(loader.size().has_value());
  CHECK(flat(loader) == Ints{1, 3, 5, 7});
  CHECK(flat(loader) == Ints{1, 3, 5, 7});
}

TEST_CASE("filters and numbers of range-v3") {
  auto loader = ranges::views::iota(0, 6) | ranges::views::filter([](int i) { return i != 2; }) |
                lt::views::batch(3);
  CHECK(flat(loader) == Ints{0, 1, 3, 4, 5});
}

TEST_CASE("a container is referred to") {
  Ints records{1, 2, 3};
  auto loader = records | lt::views::batch(2);
  CHECK(flat(loader) == Ints{1, 2, 3});
  records.push_back(4);
  CHECK(flat(loader) == Ints{1, 2, 3, 4});
  CHECK(loader.size() == 2);
}

TEST_CASE("shuffling with a seed differs between epochs, not between runs") {
  const auto make = [] { return ten | lt::views::shuffle(5) | lt::views::batch(3); };
  auto one = make();
  auto two = make();
  const Ints first = flat(one);
  const Ints second = flat(one);
  CHECK(first != ten);
  CHECK(first != second);
  CHECK(sorted(first) == ten);
  CHECK(sorted(second) == ten);
  CHECK(flat(two) == first);
  CHECK(flat(two) == second);
}

TEST_CASE("shuffling without a seed follows the default generator") {
  auto loader = ten | lt::views::shuffle() | lt::views::batch(3);
  manual_seed(1);
  const Ints first = flat(loader);
  CHECK(flat(loader) != first);
  manual_seed(1);
  CHECK(flat(loader) == first);
}

TEST_CASE("a small buffer keeps samples near their place") {
  auto loader = ten | lt::views::shuffle({.buffer = 2, .seed = 1}) | lt::views::batch(10);
  const Ints order = flat(loader);
  CHECK(sorted(order) == ten);
  CHECK(order.front() <= 1);
  auto one = ten | lt::views::shuffle({.buffer = 1, .seed = 1}) | lt::views::batch(10);
  CHECK(flat(one) == ten);
}

TEST_CASE("a loader's batches can be transformed and prefetched") {
  auto loader = lt::DataLoader(Numbers{}, {.batch_size = 4});
  auto scaled = loader | std::views::transform([](const at::Tensor& t) { return t.mul(2); }) |
                lt::views::prefetch(1);
  static_assert(lt::Loader<decltype(scaled)>);
  CHECK(flat(scaled) == Ints{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(flat(scaled) == Ints{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
}

TEST_CASE("a maker of fresh ranges starts a pipeline") {
  int epoch = 0;
  auto loader = [&] { return std::views::iota(epoch++, 4); } | lt::views::batch(2);
  CHECK(flat(loader) == Ints{0, 1, 2, 3});
  CHECK(flat(loader) == Ints{1, 2, 3});
}

TEST_CASE("stages with numbers out of range") {
  CHECK(has(text_of<lt::ConfigError>([] { ten | lt::views::batch(0); }), "batch_size is 0"));
  CHECK(has(text_of<lt::ConfigError>([] { ten | lt::views::prefetch(-1); }), "depth is -1"));
  CHECK(has(text_of<lt::ConfigError>([] { ten | lt::views::shuffle({.buffer = 0}); }),
            "buffer is 0"));
}
