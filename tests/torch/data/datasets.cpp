// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"
#include "recorded/data/orders.hpp"

#include <lt/data/concat_dataset.hpp>
#include <lt/data/data_loader.hpp>
#include <lt/data/mapped_dataset.hpp>
#include <lt/data/memmap_dataset.hpp>
#include <lt/data/random_split.hpp>
#include <lt/data/subset.hpp>
#include <lt/data/tensor_dataset.hpp>

#include "doctest_torch.hpp"

#include <fstream>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

using namespace test;

namespace {

lt::TensorDataset<lt::Example<>> rows() {
  return lt::TensorDataset(count(12).view({6, 2}), count(6));
}

template <class D>
auto batch(const D& dataset, const Ints& indices) {
  return dataset.get_batch(indices);
}

void write(const std::string& path, const std::vector<float>& numbers) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(numbers.data()),
             static_cast<std::streamsize>(numbers.size() * sizeof(float)));
}

}  // namespace

static_assert(lt::SampleDataset<Numbers> && !lt::BatchDataset<Numbers>);
static_assert(lt::SampleDataset<lt::TensorDataset<at::Tensor>>);
static_assert(lt::BatchDataset<lt::Subset<lt::TensorDataset<at::Tensor>>>);
static_assert(!lt::BatchDataset<lt::Subset<Numbers>>);
static_assert(lt::IterableDataset<std::vector<int>> && !lt::Dataset<std::vector<int>>);

TEST_CASE("whole tensors are gathered by index") {
  const auto dataset = rows();
  CHECK(dataset.size() == 6);
  const lt::Example<> some = batch(dataset, {4, 0, 4});
  CHECK(values(some.data) == Ints{8, 9, 0, 1, 8, 9});
  CHECK(shape(some.data) == Ints{3, 2});
  CHECK(values(some.target) == Ints{4, 0, 4});
  CHECK(values(dataset.get(5).data) == Ints{10, 11});
  CHECK(dataset.get(5).target.dim() == 0);
  CHECK(batch(dataset, {}).data.size(0) == 0);
}

TEST_CASE("a batch is a copy, so writing into it leaves the dataset whole") {
  const auto dataset = rows();
  batch(dataset, {1, 2, 3}).data.zero_();
  batch(dataset, {3, 1}).data.zero_();
  CHECK(values(dataset.tensors().data) == values(count(12)));
}

TEST_CASE("consecutive samples can be views when that is asked for") {
  const lt::TensorDataset dataset(count(6), lt::TensorDatasetOptions{.views = true});
  CHECK(batch(dataset, {2, 3}).is_alias_of(dataset.tensors()));
  CHECK(values(batch(dataset, {2, 3})) == Ints{2, 3});
  CHECK_FALSE(batch(dataset, {3, 2}).is_alias_of(dataset.tensors()));
}

TEST_CASE("three tensors make tuples, and any tree of tensors will do") {
  const lt::TensorDataset three(count(4), count(4), count(4));
  CHECK(values(std::get<2>(batch(three, {3, 1}))) == Ints{3, 1});
  const lt::TensorDataset map(std::map<std::string, at::Tensor>{{"a", count(4)}, {"b", count(4)}});
  CHECK(values(batch(map, {1, 3}).at("b")) == Ints{1, 3});
}

TEST_CASE("tensors that do not fit together") {
  CHECK(text_of<lt::DataError>([] { lt::TensorDataset(count(6), count(5)); }) ==
        "TensorDataset: tensor 1 has 5 rows; expected 6 as in the first tensor");
  CHECK(has(text_of<lt::DataError>([] { lt::TensorDataset(count(6).select(0, 1)); }),
            "tensor 0 has no dimension"));
  CHECK(has(text_of<lt::DataError>([] { lt::TensorDataset(at::Tensor{}); }), "no dimension"));
  CHECK(has(text_of<lt::DataError>([] { lt::TensorDataset(std::vector<at::Tensor>{}); }),
            "no tensor was given"));
}

TEST_CASE("indices out of range name the dataset and its size") {
  const auto dataset = rows();
  for (const std::int64_t index : {-1, 6}) {
    const std::string expected = "TensorDataset: index " + std::to_string(index) +
                                 " is out of range, the dataset holds 6 samples";
    CHECK(text_of<lt::DataError>([&] { batch(dataset, {0, index}); }) == expected);
    CHECK(text_of<lt::DataError>([&] { dataset.get(index); }) == expected);
  }
  CHECK(has(text_of<lt::DataError>([&] { lt::Subset(dataset, {1}).get(1); }), "Subset: index 1"));
}

TEST_CASE("a subset takes some samples in its order") {
  const lt::Subset subset(rows(), {5, 0, 3});
  CHECK(subset.size() == 3);
  CHECK(values(subset.get(0).target) == Ints{5});
  CHECK(values(batch(subset, {2, 0}).target) == Ints{3, 5});
  const lt::Subset inner(subset, {2, 1});
  CHECK(values(batch(inner, {0, 1}).target) == Ints{3, 0});
}

TEST_CASE("random_split cuts as Python's torch") {
  manual_seed(42);
  const auto lengths = lt::random_split(Numbers{}, {7, 3});
  CHECK(lengths[0].indices() == recorded::split_lengths_0);
  CHECK(lengths[1].indices() == recorded::split_lengths_1);
  const auto [half, quarter, rest] = lt::random_split(Numbers{}, {0.5, 0.25, 0.25});
  CHECK(half.indices() == recorded::split_fractions_0);
  CHECK(quarter.indices() == recorded::split_fractions_1);
  CHECK(rest.indices() == recorded::split_fractions_2);
  const auto own = lt::random_split(Numbers{}, {0.9, 0.1}, {.seed = 42});
  CHECK(own[0].indices() == recorded::split_own_0);
  CHECK(own[1].indices() == recorded::split_own_1);
  CHECK(after() == recorded::split_after.at(0));
  CHECK(&own[0].dataset() == &own[1].dataset());
}

TEST_CASE("random_split by a number of parts known at run time") {
  const std::vector<double> fractions{0.3, 0.3, 0.4};
  const auto parts = lt::random_split(Numbers{}, std::span<const double>(fractions), {.seed = 1});
  REQUIRE(parts.size() == 3);
  CHECK(parts[2].size() == 4);
}

TEST_CASE("random_split refuses what does not add up") {
  CHECK(has(text_of<lt::DataError>([] { lt::random_split(Numbers{}, {7, 4}); }),
            "the lengths add up to 11, expected the dataset's size 10"));
  CHECK(has(text_of<lt::DataError>([] { lt::random_split(Numbers{}, {11, -1}); }), "negative"));
  CHECK(has(text_of<lt::DataError>([] { lt::random_split(Numbers{}, {0.5, 0.4}); }),
            "add up to 0.900000, expected 1"));
  CHECK(has(text_of<lt::DataError>([] { lt::random_split(Numbers{}, {1.5, -0.5}); }),
            "fraction 1.500000 is not between 0 and 1"));
}

TEST_CASE("datasets one after another") {
  const lt::ConcatDataset both(Numbers{3}, lt::Subset(Numbers{9}, {8, 7}));
  CHECK(both.size() == 5);
  Ints all;
  for (std::int64_t i = 0; i < both.size(); ++i) {
    all.push_back(both.get(i));
  }
  CHECK(all == Ints{0, 1, 2, 8, 7});
  CHECK(has(text_of<lt::DataError>([&] { both.get(5); }), "ConcatDataset: index 5"));

  const lt::ConcatDataset<std::vector<Numbers>> many({Numbers{2}, Numbers{0}, Numbers{2}});
  CHECK(many.size() == 4);
  CHECK(many.get(2) == 0);
  CHECK(many.get(3) == 1);
  CHECK(has(text_of<lt::DataError>([&] { many.get(-1); }), "index -1"));
}

TEST_CASE("transforms per sample and per batch") {
  auto doubled = Numbers{5} | lt::map_samples([](std::int64_t i) { return 2 * i; }) |
                 lt::map_samples([](std::int64_t i) { return i + 1; });
  auto loader = lt::DataLoader(std::move(doubled), {.batch_size = 2});
  CHECK(flat(loader) == Ints{1, 3, 5, 7, 9});
  CHECK(lt::map_dataset(Numbers{3}, [](std::int64_t i) { return -i; }).get(2) == -2);

  auto targets = rows() | lt::map_batches([](const lt::Example<>& b) { return b.target.mul(10); });
  auto batches = lt::DataLoader(std::move(targets), {.batch_size = 4});
  CHECK(flat(batches) == Ints{0, 10, 20, 30, 40, 50});
}

TEST_CASE("a dataset can be shared with its loader") {
  const auto shared = std::make_shared<Numbers>();
  auto loader = lt::DataLoader(shared, {.batch_size = 4});
  shared->n = 3;
  CHECK(flat(loader) == Ints{0, 1, 2});
}

TEST_CASE("records in a mapped file") {
  const TempDir dir;
  const std::string path = dir.file("records");
  write(path, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const lt::MemmapDataset dataset(path, {.shape = {2, 2}, .records = 3});
  CHECK(dataset.size() == 3);
  CHECK(shape(dataset.get(1)) == Ints{2, 2});
  CHECK(dataset.get(1).dtype() == at::kFloat);
  CHECK(values(dataset.get(2).to(at::kLong)) == Ints{8, 9, 10, 11});
  const at::Tensor two = batch(dataset, {2, 0});
  CHECK(shape(two) == Ints{2, 2, 2});
  CHECK(values(two.to(at::kLong)) == Ints{8, 9, 10, 11, 0, 1, 2, 3});
  CHECK(has(text_of<lt::DataError>([&] { dataset.get(3); }), "MemmapDataset: index 3"));

  const lt::MemmapDataset bytes(path, {.shape = {16}, .dtype = at::kByte});
  CHECK(bytes.size() == 3);
  CHECK(bytes.get(0).dtype() == at::kByte);
  CHECK(lt::MemmapDataset(path).size() == 12);

  auto loader = lt::DataLoader(dataset, {.batch_size = 2, .num_workers = 2});
  std::int64_t records = 0;
  for (const at::Tensor& some : loader) {
    records += some.size(0);
  }
  CHECK(records == 3);
}

TEST_CASE("mapped files that are not what they should be") {
  const TempDir dir;
  const std::string path = dir.file("records");
  const auto text = [&](lt::MemmapDatasetOptions options) {
    return text_of<lt::DataError>([&] { lt::MemmapDataset(path, options); });
  };
  CHECK(text({}) == "cannot open '" + path + "': No such file or directory");
  write(path, {0, 1, 2});
  CHECK(text({.shape = {2}}) == "MemmapDataset: '" + path +
                                    "' has 12 bytes; expected a multiple of 8, the size of one "
                                    "record");
  CHECK(text({.records = 5}) ==
        "MemmapDataset: '" + path + "' has 12 bytes; expected 20 (5 records of 4)");
  CHECK(has(text({.shape = {0}}), "shape has a dimension of 0"));
  write(path, {});
  CHECK(lt::MemmapDataset(path).size() == 0);
  CHECK(has(text({.records = 1}), "has 0 bytes; expected 4"));
  CHECK(has(text_of<lt::DataError>([&] { lt::MemmapDataset(dir.file(".")); }),
            "not a regular file"));
}
