// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"
#include "recorded/data/orders.hpp"

#include <lt/data/data_loader.hpp>
#include <lt/data/stream_loader.hpp>
#include <lt/data/subset_random_sampler.hpp>
#include <lt/data/tensor_dataset.hpp>
#include <lt/data/weighted_random_sampler.hpp>

#include "doctest_torch.hpp"

#include <ranges>

using namespace test;

namespace {

// Seeds, makes the loader, and compares its passes and the generator's state behind them.
template <class Make>
void check_epochs(Make make, const std::vector<Ints>& epochs, const Ints& state) {
  manual_seed(42);
  auto loader = make();
  for (const Ints& epoch : epochs) {
    CHECK(flat(loader) == epoch);
  }
  CHECK(after() == state.at(0));
}

auto numbers(lt::DataLoaderOptions options) { return lt::DataLoader(Numbers{}, options); }

template <class S>
auto sampled(S sampler) {
  return lt::DataLoader(Numbers{70}, std::move(sampler), {.batch_size = 8});
}

#define TWO_EPOCHS(name) {recorded::name##_0, recorded::name##_1}, recorded::name##_after
#define EPOCHS(name) \
  {recorded::name##_0, recorded::name##_1, recorded::name##_2}, recorded::name##_after

// Always the same three batches.
struct ThreeBatches {
  std::int64_t size(std::int64_t) const { return 3; }
  void sample(std::int64_t, std::vector<Ints>& out) const {
    out.push_back({1, 2});
    out.push_back({7});
    out.push_back({3, 3, 3});
  }
};

struct Reversed {
  std::int64_t size(std::int64_t n) const { return n; }
  void sample(std::int64_t n, Ints& out) const {
    while (n > 0) {
      out.push_back(--n);
    }
  }
};

struct Growing {
  std::int64_t n = 10;
  std::int64_t size() const { return n; }
  std::int64_t get(std::int64_t index) const { return index; }
};

}  // namespace

static_assert(lt::Loader<lt::DataLoader<Numbers>>);
static_assert(std::same_as<lt::batch_of<lt::DataLoader<Numbers>>, at::Tensor>);
static_assert(std::ranges::input_range<lt::DataLoader<Numbers>>);

TEST_CASE("a loader's orders and draws are those of Python's torch") {
  check_epochs([] { return numbers({.batch_size = 4}); }, EPOCHS(sequential));
  check_epochs([] { return numbers({.batch_size = 4, .shuffle = true}); }, EPOCHS(shuffled));
  check_epochs([] { return numbers({.batch_size = 4, .shuffle = true, .drop_last = true}); },
               EPOCHS(shuffled_drop));
}

TEST_CASE("a generator of the loader's own gives Python's orders") {
  check_epochs([] { return numbers({.batch_size = 4, .shuffle = true, .seed = 7}); },
               EPOCHS(own_4));
  check_epochs(
      [] {
        return numbers(
            {.batch_size = 5, .shuffle = true, .generator = lt::rng::make_generator(7)});
      },
      EPOCHS(own_5));
  check_epochs(
      [] { return numbers({.batch_size = 5, .shuffle = true, .drop_last = true, .seed = 7}); },
      EPOCHS(own_5_drop));
}

TEST_CASE("a pass that is left early has drawn what Python's has") {
  manual_seed(42);
  auto loader = numbers({.batch_size = 5, .shuffle = true});
  CHECK(values(*loader.begin()) == recorded::early_0);
  CHECK(values(*loader.begin()) == recorded::early_1);
  CHECK(values(*loader.begin()) == recorded::early_2);
  CHECK(after() == recorded::early_after.at(0));

  manual_seed(42);
  auto own = numbers({.batch_size = 5, .shuffle = true, .seed = 7});
  CHECK(values(*own.begin()) == recorded::early_own_0);
  CHECK(values(*own.begin()) == recorded::early_own_1);
  CHECK(values(*own.begin()) == recorded::early_own_2);
  CHECK(after() == recorded::early_own_after.at(0));

  manual_seed(42);
  auto begun = numbers({.batch_size = 5, .shuffle = true});
  begun.begin();
  CHECK(after() == recorded::begun_after.at(0));
}

TEST_CASE("loaders with samplers give Python's orders") {
  const std::vector<double> weights{0.1, 0.9, 0.4, 0.7, 3.0, 0.6};
  const Ints some{3, 1, 4, 15, 9, 26};
  check_epochs([] { return sampled(lt::RandomSampler({.replacement = true})); },
               TWO_EPOCHS(replacement));
  check_epochs(
      [] { return sampled(lt::RandomSampler({.replacement = true, .num_samples = 64})); },
      TWO_EPOCHS(replacement_64));
  check_epochs(
      [] {
        return sampled(lt::RandomSampler({.replacement = true, .num_samples = 40, .seed = 3}));
      },
      TWO_EPOCHS(replacement_own));
  check_epochs([] { return sampled(lt::RandomSampler({.num_samples = 100})); },
               TWO_EPOCHS(longer));
  check_epochs([] { return sampled(lt::RandomSampler({.num_samples = 140, .seed = 3})); },
               TWO_EPOCHS(longer_own));
  check_epochs([] { return sampled(lt::RandomSampler({.num_samples = 20})); },
               TWO_EPOCHS(shorter));
  check_epochs([&] { return sampled(lt::SubsetRandomSampler(some)); }, TWO_EPOCHS(subset));
  check_epochs([&] { return sampled(lt::SubsetRandomSampler(some, {.seed = 3})); },
               TWO_EPOCHS(subset_own));
  check_epochs(
      [&] { return sampled(lt::WeightedRandomSampler(weights, {.num_samples = 12})); },
      TWO_EPOCHS(weighted));
  check_epochs(
      [&] { return sampled(lt::WeightedRandomSampler(weights, {.num_samples = 12, .seed = 3})); },
      TWO_EPOCHS(weighted_own));
  check_epochs(
      [&] {
        return sampled(
            lt::WeightedRandomSampler(weights, {.num_samples = 5, .replacement = false}));
      },
      TWO_EPOCHS(weighted_once));
}

TEST_CASE("workers change neither orders nor draws") {
  check_epochs([] { return numbers({.batch_size = 4, .shuffle = true, .num_workers = 2}); },
               EPOCHS(workers));
  check_epochs(
      [] { return numbers({.batch_size = 5, .shuffle = true, .num_workers = 2, .seed = 7}); },
      EPOCHS(workers_own_5));
  check_epochs(
      [] {
        return numbers({.batch_size = 4,
                        .shuffle = true,
                        .num_workers = 2,
                        .persistent_workers = true});
      },
      EPOCHS(persistent));
}

TEST_CASE("a stream draws a base seed as Python's") {
  const auto five = std::views::iota(std::int64_t{0}, std::int64_t{5});
  check_epochs([&] { return lt::make_data_loader(five, {.batch_size = 2}); }, EPOCHS(stream));
  check_epochs([&] { return lt::make_data_loader(five, {.batch_size = 2, .num_workers = 3}); },
               EPOCHS(stream));
}

TEST_CASE("sizes count batches") {
  CHECK(numbers({.batch_size = 4}).size() == 3);
  CHECK(numbers({.batch_size = 4, .drop_last = true}).size() == 2);
  CHECK(numbers({.batch_size = 5}).size() == 2);
  CHECK(numbers({.batch_size = 50}).size() == 1);
  CHECK(lt::loader_size(sampled(lt::RandomSampler({.num_samples = 9}))) == 2);
  CHECK(lt::DataLoader(Numbers{}, ThreeBatches{}).size() == 3);
  const std::vector<double> five(5);
  CHECK(lt::make_data_loader(five, {.batch_size = 2}).size() == 3);
  CHECK(lt::make_data_loader(five, {.batch_size = 2, .drop_last = true}).size() == 2);
}

TEST_CASE("keep_last_batch: a last batch that is not full is kept from then on") {
  auto loader = numbers({.batch_size = 4, .drop_last = true});
  loader.keep_last_batch();
  CHECK(loader.size() == 3);
  CHECK(flat(loader).size() == 10);
}

TEST_CASE("batches are as long as asked for") {
  auto loader = numbers({.batch_size = 4});
  Ints lengths;
  for (const at::Tensor& batch : loader) {
    lengths.push_back(batch.size(0));
  }
  CHECK(lengths == Ints{4, 4, 2});
}

TEST_CASE("samplers of one's own") {
  auto reversed = lt::DataLoader(Numbers{5}, Reversed{}, {.batch_size = 2});
  CHECK(flat(reversed) == Ints{4, 3, 2, 1, 0});
  CHECK_FALSE(reversed.is_sequential());

  auto batches = lt::DataLoader(Numbers{}, ThreeBatches{});
  std::vector<Ints> seen;
  for (const at::Tensor& batch : batches) {
    seen.push_back(values(batch));
  }
  CHECK(seen == std::vector<Ints>{{1, 2}, {7}, {3, 3, 3}});
}

TEST_CASE("another sampler in the same loader") {
  manual_seed(1);
  auto shuffled = numbers({.batch_size = 4, .shuffle = true});
  CHECK(shuffled.is_shuffled());
  CHECK_FALSE(shuffled.is_sequential());

  auto plain = shuffled.with_sequential_sampler();
  CHECK(flat(plain) == recorded::sequential_0);
  CHECK_FALSE(plain.is_shuffled());
  CHECK(plain.is_sequential());
  CHECK(plain.size() == 3);
  CHECK(&plain.dataset() == &shuffled.dataset());

  shuffled.set_sampler(lt::SequentialSampler{});
  CHECK(flat(shuffled) == recorded::sequential_0);

  auto batched = lt::DataLoader(
      Numbers{}, lt::BatchSampler(lt::RandomSampler{}, {.batch_size = 6, .drop_last = true}));
  CHECK(batched.size() == 1);
  auto turned = batched.with_sampler(Reversed{});
  CHECK(flat(turned) == Ints{9, 8, 7, 6, 5, 4});

  shuffled.set_sampler(lt::DistributedSampler({.num_replicas = 2, .rank = 1, .shuffle = false}));
  CHECK(shuffled.is_distributed());
  CHECK(flat(shuffled) == Ints{1, 3, 5, 7, 9});
}

TEST_CASE("the epoch reaches the sampler") {
  auto loader = lt::DataLoader(
      Numbers{}, lt::DistributedSampler({.num_replicas = 2, .rank = 0, .seed = 5}));
  const Ints first = flat(loader);
  CHECK(flat(loader) == first);
  loader.set_epoch(1);
  CHECK(flat(loader) != first);
  loader.set_epoch(0);
  CHECK(flat(loader) == first);
}

TEST_CASE("a dataset that shrinks or grows between epochs") {
  auto loader = lt::DataLoader(Growing{10}, {.batch_size = 4});
  CHECK(loader.size() == 3);
  loader.dataset().n = 5;
  CHECK(loader.size() == 2);
  CHECK(flat(loader) == Ints{0, 1, 2, 3, 4});
  loader.dataset().n = 0;
  CHECK(loader.size() == 0);
  CHECK(flat(loader).empty());
  loader.dataset().n = 7;
  CHECK(flat(loader).size() == 7);

  auto shuffled = lt::DataLoader(Growing{10}, {.batch_size = 4, .shuffle = true});
  shuffled.dataset().n = 0;
  CHECK(has(text_of<lt::DataError>([&] { flat(shuffled); }), "has 0 samples"));
}

TEST_CASE("an empty dataset") {
  auto loader = lt::DataLoader(Numbers{0}, {.batch_size = 4});
  CHECK(loader.size() == 0);
  CHECK(loader.begin() == loader.end());
  auto with_workers = lt::DataLoader(Numbers{0}, {.batch_size = 4, .num_workers = 2});
  CHECK(with_workers.begin() == with_workers.end());
  CHECK(has(text_of<lt::DataError>([] { lt::DataLoader(Numbers{0}, {.shuffle = true}); }),
            "the dataset has 0 samples; shuffling needs at least 1"));
}

TEST_CASE("options out of range") {
  const auto text = [](lt::DataLoaderOptions options) {
    return text_of<lt::ConfigError>([&] { numbers(options); });
  };
  CHECK(has(text({.batch_size = 0}), "batch_size is 0; expected 1 or more"));
  CHECK(has(text({.num_workers = -1}), "num_workers is -1; expected 0 or more"));
  CHECK(has(text({.prefetch_factor = 0}), "prefetch_factor is 0; expected 1 or more"));
  CHECK(has(text({.persistent_workers = true}), "persistent_workers needs num_workers"));
  CHECK(has(text({.seed = 1, .generator = lt::rng::make_generator(1)}), "both seed and generator"));
  CHECK(has(text_of<lt::ConfigError>([] {
              lt::DataLoader(Numbers{}, Reversed{}, {.shuffle = true});
            }),
            "shuffle is true although a sampler is given"));
  CHECK(has(text_of<lt::ConfigError>([] {
              lt::DataLoader(Numbers{}, ThreeBatches{}, {.batch_size = 2});
            }),
            "batch_size is 2 although the sampler makes the batches"));
  CHECK(has(text_of<lt::ConfigError>([] {
              lt::make_data_loader(std::vector<double>(3), {.shuffle = true});
            }),
            "StreamLoader: shuffle is true"));
}

TEST_CASE("a loader of whole tensors") {
  manual_seed(42);
  auto loader = lt::DataLoader(lt::TensorDataset(count(10), count(10)),
                               {.batch_size = 4, .shuffle = true});
  Ints data;
  for (const lt::Example<>& batch : loader) {
    CHECK(values(batch.data) == values(batch.target));
    for (const auto value : values(batch.data)) {
      data.push_back(value);
    }
  }
  CHECK(data == recorded::shuffled_0);
}

TEST_CASE("a pass may skip samples") {
  auto loader = numbers({.batch_size = 4, .shuffle = true, .seed = 7});
  Ints rest;
  for (auto it = loader.begin_after(4); it != loader.end(); ++it) {
    for (const auto value : values(*it)) {
      rest.push_back(value);
    }
  }
  CHECK(rest == Ints(recorded::own_4_0.begin() + 4, recorded::own_4_0.end()));
}

TEST_CASE("looking twice loads once, and stepping without looking skips a batch") {
  auto loader = numbers({.batch_size = 4});
  auto it = loader.begin();
  CHECK(it->unsafeGetTensorImpl() == (*it).unsafeGetTensorImpl());
  ++it;
  ++it;
  CHECK(values(*it) == Ints{8, 9});
  ++it;
  CHECK(it == loader.end());
}
