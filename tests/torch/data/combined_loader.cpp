// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"

#include <lt/data/combined_loader.hpp>
#include <lt/data/data_loader.hpp>
#include <lt/data/loader_ref.hpp>
#include <lt/data/tensor_tree.hpp>

#include "doctest_torch.hpp"

#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

using namespace test;

namespace {

using Texts = std::vector<std::string>;
using Maybe = std::optional<std::int64_t>;

const Ints three{0, 1, 2};
const Texts five{"a", "b", "c", "d", "e"};

// All batches of a pass; two loaders give pairs.
template <class L>
auto batches(L&& loader) {
  std::vector<lt::batch_of<std::remove_cvref_t<L>>> all;
  for (auto&& batch : loader) {
    all.push_back(batch);
  }
  return all;
}

struct Once {
  int* passes;
  auto operator()() const {
    ++*passes;
    return std::views::iota(0, 2);
  }
};

}  // namespace

static_assert(lt::Loader<lt::CombinedLoader<lt::MaxSize, std::tuple<Ints, Texts>>>);
static_assert(lt::TensorTree<
              lt::NamedBatch<lt::Named<"a", int>, lt::Named<"b", at::Tensor>>>);

TEST_CASE("min_size stops with the shortest") {
  auto loader = lt::combine<lt::MinSize>(three, five);
  CHECK(loader.size() == 3);
  using Batch = std::tuple<std::int64_t, std::string>;
  CHECK(batches(loader) == std::vector<Batch>{{0, "a"}, {1, "b"}, {2, "c"}});
  CHECK(batches(loader).size() == 3);
  CHECK(batches(lt::combine<lt::MinSize>(Ints{}, five)).empty());
}

TEST_CASE("max_size_cycle starts the shorter ones again") {
  auto loader = lt::combine<lt::MaxSizeCycle>(three, five);
  CHECK(loader.size() == 5);
  using Batch = std::tuple<std::int64_t, std::string>;
  CHECK(batches(loader) ==
        std::vector<Batch>{{0, "a"}, {1, "b"}, {2, "c"}, {0, "d"}, {1, "e"}});
  // An empty loader ends the pass, as in Lightning.
  CHECK(batches(lt::combine<lt::MaxSizeCycle>(three, Ints{})).empty());
  CHECK(batches(lt::combine<lt::MaxSizeCycle>(three, three)).size() == 3);
}

TEST_CASE("max_size gives nothing for those that have ended") {
  auto loader = lt::combine<lt::MaxSize>(three, five);
  CHECK(loader.size() == 5);
  const auto all = batches(loader);
  REQUIRE(all.size() == 5);
  CHECK(std::get<0>(all[2]) == Maybe(2));
  CHECK(std::get<0>(all[3]) == Maybe());
  CHECK(std::get<1>(all[4]) == "e");
  CHECK(batches(lt::combine<lt::MaxSize>(Ints{}, Ints{})).empty());
}

TEST_CASE("sequential takes one after another and counts") {
  auto loader = lt::combine<lt::Sequential>(Ints{7, 8}, Ints{}, Ints{9});
  CHECK(loader.size() == 3);
  std::vector<Ints> all;
  for (const lt::SequentialBatch<std::int64_t>& item : loader) {
    all.push_back({item.batch, item.batch_idx, item.dataloader_idx});
  }
  CHECK(all == std::vector<Ints>{{7, 0, 0}, {8, 1, 0}, {9, 0, 2}});

  auto mixed = lt::combine<lt::Sequential>(three, five, three);
  const auto items = batches(mixed);
  REQUIRE(items.size() == 11);
  CHECK(std::get<std::string>(items[3].batch) == "a");
  CHECK(items[3].batch_idx == 0);
  CHECK(std::get<std::int64_t>(items[10].batch) == 2);
  CHECK(items[10].dataloader_idx == 2);
}

TEST_CASE("sequential begins a loader only when its turn comes") {
  int first = 0;
  int second = 0;
  auto loader = lt::combine<lt::Sequential>(Once{&first}, Once{&second});
  auto it = loader.begin();
  CHECK((*it).batch == 0);
  CHECK(first == 1);
  CHECK(second == 0);
  ++it;
  ++it;
  CHECK((*it).dataloader_idx == 1);
  CHECK(second == 1);
  CHECK_FALSE(loader.size().has_value());
}

TEST_CASE("epoch makers are started again in a cycle") {
  int passes = 0;
  auto loader = lt::combine<lt::MaxSizeCycle>(Once{&passes}, five);
  CHECK(batches(loader).size() == 5);
  CHECK(passes == 3);
  CHECK_FALSE(loader.size().has_value());
  CHECK(lt::combine<lt::MinSize>(Once{&passes}, five).size() == 5);
}

TEST_CASE("a number of loaders known at run time") {
  const std::vector<Ints> loaders{{1, 2}, {3, 4, 5}};
  CHECK(batches(lt::combine<lt::MinSize>(loaders)) == std::vector<Ints>{{1, 3}, {2, 4}});
  CHECK(batches(lt::combine<lt::MaxSizeCycle>(loaders)) ==
        std::vector<Ints>{{1, 3}, {2, 4}, {1, 5}});
  CHECK(batches(lt::combine<lt::MaxSize>(loaders)).at(2) ==
        std::vector<Maybe>{std::nullopt, 5});
  CHECK(batches(lt::combine<lt::Sequential>(loaders)).size() == 5);
  CHECK(batches(lt::combine<lt::MinSize>(std::vector<Ints>{})).empty());
  CHECK(batches(lt::combine<lt::MaxSizeCycle>(std::vector<Ints>{})).empty());
  CHECK(lt::combine<lt::MinSize>(std::vector<Ints>{}).size() == 0);
}

TEST_CASE("loaders found by key") {
  auto loader = lt::combine<lt::MaxSizeCycle>(
      std::map<std::string, Ints>{{"x", {1}}, {"y", {2, 3}}});
  const auto all = batches(loader);
  REQUIRE(all.size() == 2);
  CHECK(all[1].at("x") == 1);
  CHECK(all[1].at("y") == 3);
}

TEST_CASE("loaders found by name") {
  auto loader = lt::combine<lt::MinSize>(lt::named<"number">(three), lt::named<"text">(five));
  const auto all = batches(loader);
  REQUIRE(all.size() == 3);
  CHECK(all[1].get<"number">() == 1);
  CHECK(all[1].get<"text">() == "b");
  CHECK(std::get<0>(all[1]) == 1);
  Texts names;
  auto last = all.back();
  last.for_each([&](std::string_view name, const auto&) { names.emplace_back(name); });
  CHECK(names == Texts{"number", "text"});

  auto maybe = lt::combine<lt::MaxSize>(lt::named<"number">(three), lt::named<"text">(five));
  CHECK_FALSE(batches(maybe).at(4).get<"number">().has_value());
}

TEST_CASE("data loaders combined by reference keep their draws and hear the epoch") {
  manual_seed(42);
  auto shuffled = lt::DataLoader(Numbers{}, {.batch_size = 4, .shuffle = true});
  auto shared = lt::DataLoader(Numbers{}, lt::DistributedSampler({.num_replicas = 2}));
  auto loader =
      lt::combine<lt::MaxSizeCycle>(lt::LoaderRef(shuffled), lt::LoaderRef(shared));
  CHECK(loader.size() == 5);
  const auto first = batches(loader);
  loader.set_epoch(3);
  const auto second = batches(loader);
  CHECK(values(std::get<1>(first[0])) != values(std::get<1>(second[0])));
  int loaders = 0;
  loader.for_each_loader([&](auto&) { ++loaders; });
  CHECK(loaders == 2);
}
