// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"
#include "recorded/data/orders.hpp"

#include <lt/data/batch_sampler.hpp>
#include <lt/data/default_sampler.hpp>
#include <lt/data/distributed_sampler.hpp>
#include <lt/data/random_sampler.hpp>
#include <lt/data/subset_random_sampler.hpp>
#include <lt/data/weighted_random_sampler.hpp>

#include "doctest_torch.hpp"

#include <algorithm>
#include <vector>

using namespace test;

namespace {

template <class S>
Ints pass(S& sampler, std::int64_t n) {
  Ints indices;
  auto walk = lt::detail::index_pass(sampler, n);
  while (walk.next(indices)) {
  }
  CHECK(static_cast<std::int64_t>(indices.size()) == sampler.size(n));
  return indices;
}

Ints share(lt::DistributedSamplerOptions options, std::int64_t n, std::int64_t epoch = 0) {
  lt::DistributedSampler sampler(options);
  sampler.set_epoch(epoch);
  return pass(sampler, n);
}

struct Shuffled {
  std::int64_t epoch = 0;
  std::int64_t size(std::int64_t) const { return 5; }
  void sample(std::int64_t, Ints& out) const {
    for (const std::int64_t i : {9, 7, 5, 3, 1}) {
      out.push_back(i + epoch);
    }
  }
  void set_epoch(std::int64_t value) { epoch = value; }
};

}  // namespace

static_assert(lt::IndexSampler<lt::SequentialSampler>);
static_assert(lt::LazySampler<lt::RandomSampler>);
static_assert(lt::IndexSampler<lt::WeightedRandomSampler>);
static_assert(lt::IndexSampler<lt::DistributedSampler>);
static_assert(lt::IndexSampler<lt::DefaultSampler>);
static_assert(lt::BatchIndexSampler<lt::BatchSampler<lt::RandomSampler>>);
static_assert(!lt::IndexSampler<lt::BatchSampler<lt::RandomSampler>>);
static_assert(!lt::BatchIndexSampler<lt::RandomSampler>);
static_assert(!lt::Sampler<int>);

TEST_CASE("two ranks share a shuffled dataset as Python's do") {
  for (const std::int64_t epoch : {0, 1}) {
    const auto rank = [&](std::int64_t r, bool drop) {
      return share({.num_replicas = 2, .rank = r, .seed = 5, .drop_last = drop}, 7, epoch);
    };
    CHECK(rank(0, false) == (epoch == 0 ? recorded::dist_2_pad_0_0 : recorded::dist_2_pad_0_1));
    CHECK(rank(1, false) == (epoch == 0 ? recorded::dist_2_pad_1_0 : recorded::dist_2_pad_1_1));
    CHECK(rank(0, true) == (epoch == 0 ? recorded::dist_2_drop_0_0 : recorded::dist_2_drop_0_1));
    CHECK(rank(1, true) == (epoch == 0 ? recorded::dist_2_drop_1_0 : recorded::dist_2_drop_1_1));
  }
}

TEST_CASE("three ranks share a shuffled dataset as Python's do") {
  const auto rank = [](std::int64_t r, bool drop, std::int64_t epoch) {
    return share({.num_replicas = 3, .rank = r, .seed = 5, .drop_last = drop}, 7, epoch);
  };
  CHECK(rank(0, false, 0) == recorded::dist_3_pad_0_0);
  CHECK(rank(1, false, 0) == recorded::dist_3_pad_1_0);
  CHECK(rank(2, false, 0) == recorded::dist_3_pad_2_0);
  CHECK(rank(2, false, 1) == recorded::dist_3_pad_2_1);
  CHECK(rank(0, true, 0) == recorded::dist_3_drop_0_0);
  CHECK(rank(1, true, 1) == recorded::dist_3_drop_1_1);
  CHECK(rank(2, true, 1) == recorded::dist_3_drop_2_1);
}

TEST_CASE("ranks share a dataset in order, padded from its beginning") {
  for (const std::int64_t r : {0, 1}) {
    CHECK(share({.num_replicas = 2, .rank = r, .shuffle = false}, 7) ==
          (r == 0 ? recorded::dist_2_order_0 : recorded::dist_2_order_1));
  }
  CHECK(share({.num_replicas = 3, .rank = 2, .shuffle = false}, 7) == recorded::dist_3_order_2);
  CHECK(share({.num_replicas = 5, .rank = 4, .shuffle = false}, 2) == recorded::dist_5_tiny_4);
  CHECK(share({.num_replicas = 2, .rank = 1}, 0).empty());
}

TEST_CASE("without padding every sample comes exactly once") {
  Ints all;
  for (const std::int64_t r : {0, 1, 2}) {
    const Ints mine = share({.num_replicas = 3, .rank = r, .shuffle = true, .pad = false}, 7);
    CHECK(mine.size() == (r == 0 ? 3U : 2U));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::sort(all);
  CHECK(all == Ints{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("a rank that does not exist") {
  for (const std::int64_t r : {-1, 2}) {
    CHECK(has(text_of<lt::ConfigError>([&] {
                lt::DistributedSampler({.num_replicas = 2, .rank = r});
              }),
              "rank " + std::to_string(r) + " of 2 replicas"));
  }
}

TEST_CASE("a sampler of one's own is shared out too, and told the epoch") {
  lt::DistributedSamplerWrapper first(Shuffled{}, {.num_replicas = 2, .rank = 0});
  lt::DistributedSamplerWrapper second(Shuffled{}, {.num_replicas = 2, .rank = 1});
  CHECK(pass(first, 10) == Ints{9, 5, 1});
  CHECK(pass(second, 10) == Ints{7, 3, 9});
  second.set_epoch(100);
  CHECK(pass(second, 10) == Ints{107, 103, 109});
}

TEST_CASE("batches of a sampler's indices") {
  const auto batches = [](bool drop) {
    lt::BatchSampler sampler(lt::SequentialSampler{}, {.batch_size = 3, .drop_last = drop});
    std::vector<Ints> all;
    Ints batch;
    for (auto walk = sampler.batch_pass(10); walk.next(batch);) {
      all.push_back(batch);
    }
    CHECK(sampler.size(10) == static_cast<std::int64_t>(all.size()));
    return all;
  };
  CHECK(batches(false) == std::vector<Ints>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9}});
  CHECK(batches(true) == std::vector<Ints>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}});
  CHECK(has(text_of<lt::ConfigError>([] {
              lt::BatchSampler(lt::SequentialSampler{}, {.batch_size = 0});
            }),
            "batch_size is 0"));
}

TEST_CASE("samplers say what they are") {
  CHECK(lt::DefaultSampler().is_sequential());
  CHECK_FALSE(lt::DefaultSampler().is_shuffled());
  CHECK(lt::DefaultSampler(lt::RandomSampler{}).is_shuffled());
  CHECK(lt::DefaultSampler(lt::DistributedSampler({})).is_distributed());
  CHECK_FALSE(lt::DefaultSampler(lt::DistributedSampler({.shuffle = false})).is_shuffled());
  CHECK(lt::BatchSampler(lt::RandomSampler{}, {}).is_shuffled());
  CHECK_FALSE(lt::detail::is_sequential(Shuffled{}));
  CHECK_FALSE(lt::detail::is_distributed(Shuffled{}));
}

TEST_CASE("samplers that cannot work say why") {
  CHECK(has(text_of<lt::DataError>([] { lt::RandomSampler({.num_samples = 0}).validate(3); }),
            "num_samples is 0; expected 1 or more"));
  const std::vector<double> weights{1, 2};
  CHECK(has(text_of<lt::ConfigError>([&] { lt::WeightedRandomSampler(weights, {}); }),
            "num_samples is 0; expected 1 or more"));
  CHECK(has(text_of<lt::ConfigError>([&] {
              lt::WeightedRandomSampler(weights, {.num_samples = 3, .replacement = false});
            }),
            "num_samples is 3; expected at most 2"));
  CHECK(has(text_of<lt::DataError>([&] {
              lt::WeightedRandomSampler(weights, {.num_samples = 3}).validate(1);
            }),
            "2 weights for a dataset of 1 samples"));
}
