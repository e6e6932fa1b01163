// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"

#include <lt/data/batch_size.hpp>
#include <lt/data/collate.hpp>
#include <lt/data/data_loader.hpp>
#include <lt/data/pad_collate.hpp>
#include <lt/data/stream_loader.hpp>
#include <lt/data/tensor_tree.hpp>

#include "doctest_torch.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

using namespace test;

namespace {

// A sample with a number, and the batch it becomes.
struct Pixel {
  struct Batch {
    at::Tensor place;
    at::Tensor label;
  };
  using batch_type = Batch;

  at::Tensor place;
  std::int64_t label = 0;
};

struct Pair {
  at::Tensor a;
  std::optional<at::Tensor> b{};
  std::string note{};
};

// LibTorch's own form without a target.
struct DataOnly {
  at::Tensor data;
};

struct Words {
  std::int64_t size() const { return 3; }
  at::Tensor get(std::int64_t index) const { return count(index + 1); }
};

template <class T>
std::vector<T> list(T a, T b) {
  return {std::move(a), std::move(b)};
}

}  // namespace

LT_REFLECT(Pixel, (place, ""), (label, ""))
LT_REFLECT(Pixel::Batch, (place, ""), (label, ""))
LT_REFLECT(Pair, (a, ""), (b, ""), (note, ""))

static_assert(lt::TensorTree<at::Tensor> && lt::TensorTree<lt::Example<>>);
static_assert(lt::TensorTree<std::tuple<int, std::vector<at::Tensor>>>);
static_assert(lt::TensorTree<Pair> && lt::TensorTree<DataOnly>);
static_assert(lt::TensorTree<std::map<std::string, std::optional<at::Tensor>>>);
static_assert(!lt::TensorTree<std::vector<double>> && !lt::TensorTree<std::string>);

TEST_CASE("tensors are stacked and numbers become tensors") {
  const at::Tensor stacked = lt::collate(list(count(3), count(3)));
  CHECK(shape(stacked) == Ints{2, 3});
  CHECK(values(lt::collate(list(4, 5))) == Ints{4, 5});
  CHECK(lt::collate(list<std::uint8_t>(4, 5)).dtype() == at::kLong);
  CHECK(lt::collate(list(1.0F, 2.0F)).dtype() == at::kFloat);
  CHECK(lt::collate(list(1.0, 2.5)).dtype() == at::kDouble);
  CHECK(lt::collate(list(1.0, 2.5)).const_data_ptr<double>()[1] == 2.5);
  const std::array<bool, 2> flags{true, false};
  CHECK(lt::DefaultCollate{}(std::span<const bool>(flags)).dtype() == at::kBool);
}

TEST_CASE("structures are collated field by field") {
  const auto example = lt::collate(list(lt::Example{count(2), 7}, lt::Example{count(2), 8}));
  CHECK(shape(example.data) == Ints{2, 2});
  CHECK(values(example.target) == Ints{7, 8});

  using Tuple = std::tuple<int, std::string, std::pair<int, at::Tensor>>;
  const auto tuple =
      lt::collate(list(Tuple{1, "one", {10, count(1)}}, Tuple{2, "two", {20, count(1)}}));
  CHECK(values(std::get<0>(tuple)) == Ints{1, 2});
  CHECK(std::get<1>(tuple) == std::vector<std::string>{"one", "two"});
  CHECK(values(std::get<2>(tuple).first) == Ints{10, 20});
  CHECK(shape(std::get<2>(tuple).second) == Ints{2, 1});

  const auto array = lt::collate(list(std::array{1, 2}, std::array{3, 4}));
  CHECK(values(array[1]) == Ints{2, 4});
  const auto vector = lt::collate(list(std::vector{1, 2}, std::vector{3, 4}));
  CHECK(values(vector.at(1)) == Ints{2, 4});
  using Map = std::map<std::string, int>;
  const auto map = lt::collate(list(Map{{"a", 1}, {"b", 2}}, Map{{"a", 3}, {"b", 4}}));
  CHECK(values(map.at("b")) == Ints{2, 4});

  const Pixel::Batch pixels = lt::collate(list(Pixel{count(2), 3}, Pixel{count(2), 4}));
  CHECK(shape(pixels.place) == Ints{2, 2});
  CHECK(values(pixels.label) == Ints{3, 4});
}

TEST_CASE("samples that do not fit together") {
  CHECK(has(text_of<lt::DataError>([] { lt::collate(std::vector<int>{}); }), "no samples"));
  CHECK(has(text_of<lt::DataError>([] { lt::collate(list(std::vector{1}, std::vector{1, 2})); }),
            "a sample's vector has 2 elements; expected 1"));
  using Map = std::map<std::string, int>;
  CHECK(has(text_of<lt::DataError>([] { lt::collate(list(Map{{"a", 1}}, Map{{"b", 1}})); }),
            "lacks a key"));
  CHECK_THROWS(lt::collate(list(count(2), count(3))));
}

TEST_CASE("padding sequences of different lengths") {
  const lt::Padded padded = lt::pad_collate({.padding_value = -1})(list(count(3), count(1)));
  CHECK(values(padded.data) == Ints{0, 1, 2, 0, -1, -1});
  CHECK(shape(padded.data) == Ints{2, 3});
  CHECK(values(padded.lengths) == Ints{3, 1});
  const lt::Padded turned = lt::pad_collate({.batch_first = false})(list(count(3), count(1)));
  CHECK(values(turned.data) == Ints{0, 0, 1, 0, 2, 0});

  const auto example =
      lt::pad_collate()(list(lt::Example{count(1), 7}, lt::Example{count(2), 8}));
  CHECK(shape(example.data.data) == Ints{2, 2});
  CHECK(values(example.target) == Ints{7, 8});
  CHECK(has(text_of<lt::DataError>([] {
              lt::pad_collate()(list(count(3), count(3).select(0, 0)));
            }),
            "expected [length, ...]"));
  CHECK_THROWS_AS(lt::pad_collate()(std::vector<at::Tensor>{}), lt::DataError);
}

TEST_CASE("a loader with a collate function of one's own") {
  auto padded = lt::make_data_loader(Words{}, {.batch_size = 2}, lt::pad_collate());
  auto it = padded.begin();
  CHECK(values((*it).lengths) == Ints{1, 2});
  ++it;
  CHECK(values((*it).lengths) == Ints{3});

  auto sums = lt::make_data_loader(
      Numbers{4}, {.batch_size = 2, .num_workers = 2},
      [](const Ints& numbers) { return numbers.front() + numbers.back(); });
  Ints seen;
  for (const std::int64_t sum : sums) {
    seen.push_back(sum);
  }
  CHECK(seen == Ints{1, 5});
  auto stream = lt::make_data_loader(Ints{1, 2, 3}, {.batch_size = 2},
                                     [](const Ints& numbers) { return numbers.size(); });
  CHECK(*stream.begin() == 2);
}

TEST_CASE("walking and replacing the tensors of a batch") {
  std::tuple batch(count(1), std::vector{count(2), count(3)},
                   std::map<std::string, lt::Example<>>{{"x", {count(4), count(5)}}},
                   std::optional<at::Tensor>{}, Pair{count(6), count(7), "n"}, 3,
                   DataOnly{count(8)});
  Ints sizes;
  lt::for_each_tensor(batch, [&](const at::Tensor& tensor) { sizes.push_back(tensor.size(0)); });
  CHECK(sizes == Ints{1, 2, 3, 4, 5, 6, 7, 8});

  const auto mapped = lt::map_tensors(batch, [](const at::Tensor& t) { return t.add(1); });
  CHECK(values(std::get<2>(mapped).at("x").target) == Ints{1, 2, 3, 4, 5});
  CHECK(values(*std::get<4>(mapped).b) == Ints{1, 2, 3, 4, 5, 6, 7});
  CHECK(values(std::get<0>(batch)) == Ints{0});
}

TEST_CASE("the batch size is the first one found") {
  const auto size = [](const auto& batch) { return lt::batch_size_of(batch); };
  CHECK(size(count(5)).size == 5);
  CHECK(size(count(5).select(0, 0)).size == 1);
  CHECK(size(std::pair(3, count(5))).size == 5);
  CHECK_FALSE(size(std::pair(3, count(5))).ambiguous);
  CHECK(size(lt::Example{count(5), count(4)}).size == 5);
  CHECK(size(lt::Example{count(5), count(4)}).ambiguous);
  // As in Lightning something without a size behind a tensor makes it ambiguous too.
  CHECK(size(std::pair(count(5), 3)).ambiguous);
  CHECK(size(std::pair(count(5), std::string("text"))).ambiguous);
  CHECK(size(std::pair(count(5), std::optional<at::Tensor>())).ambiguous);
  CHECK_FALSE(size(lt::Example{count(5), count(5)}).ambiguous);
  CHECK_FALSE(size(std::vector<double>{1, 2}).size.has_value());
}
