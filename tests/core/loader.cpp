// SPDX-License-Identifier: Apache-2.0
#include <lt/core/loader.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <ranges>
#include <sstream>
#include <vector>

namespace {

// Each begin() starts a new pass of single-pass iterators.
struct Pass {
  using lt_loader = void;
  struct Iterator {
    using iterator_concept = std::input_iterator_tag;
    using value_type = int;
    using difference_type = std::ptrdiff_t;
    int at = 0;
    int operator*() const { return at; }
    Iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }
    bool operator==(std::default_sentinel_t) const { return at == 3; }
  };
  Iterator begin() const { return {}; }
  std::default_sentinel_t end() const { return {}; }
  std::optional<std::int64_t> size() const { return 3; }
};

struct Stream : Pass {
  std::optional<std::int64_t> size() const { return std::nullopt; }
};

// The same without saying that begin() starts anew.
struct Once {
  Pass::Iterator begin() const { return {}; }
  std::default_sentinel_t end() const { return {}; }
};

auto make_epoch = [] { return std::vector<double>{0.5, 1.5}; };

using Numbers = std::vector<int>;

static_assert(lt::Loader<Numbers>);
static_assert(lt::Loader<Pass>);
static_assert(lt::Loader<decltype(make_epoch)>);
static_assert(lt::Loader<std::ranges::iota_view<int, int>>);
static_assert(!lt::Loader<Once>);
static_assert(!lt::Loader<int>);
static_assert(!lt::Loader<std::ranges::istream_view<int>>);
static_assert(lt::EpochMaker<decltype(make_epoch)> && !lt::EpochMaker<Numbers>);
static_assert(std::same_as<lt::batch_of<Numbers>, int>);
static_assert(std::same_as<lt::batch_of<Pass>, int>);
static_assert(std::same_as<lt::batch_of<decltype(make_epoch)>, double>);
static_assert(lt::is_fine<lt::loader_check<Numbers>>);
static_assert(!lt::is_fine<lt::loader_check<Once>>);
static_assert(!lt::is_fine<lt::loader_check<int>>);

}  // namespace

TEST_CASE("a range is walked itself") {
  Numbers numbers{1, 2};
  CHECK(&lt::epoch_range(numbers) == &numbers);
}

TEST_CASE("an epoch maker is asked for a fresh range") {
  int calls = 0;
  auto loader = [&] { return Numbers(static_cast<std::size_t>(++calls)); };
  CHECK(lt::epoch_range(loader).size() == 1);
  CHECK(lt::epoch_range(loader).size() == 2);
}

TEST_CASE("loader_size") {
  CHECK(lt::loader_size(Numbers{1, 2}) == 2);
  CHECK(lt::loader_size(Pass{}) == 3);
  CHECK(lt::loader_size(Stream{}) == std::nullopt);
  CHECK(lt::loader_size(make_epoch) == std::nullopt);
  CHECK(lt::loader_size(std::views::iota(0, 5)) == 5);
}
