// SPDX-License-Identifier: Apache-2.0
// Worker threads, with batches that are not tensors, so that this file also runs under a thread
// sanitizer beside an uninstrumented LibTorch.
#include "helpers.hpp"

#include <lt/data/data_loader.hpp>
#include <lt/data/prefetch_view.hpp>
#include <lt/data/worker_pool.hpp>

#include "doctest_torch.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace test;

namespace {

struct Cause : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Numbers, some slow to get so that workers overtake one another, one perhaps failing.
struct Slow {
  std::int64_t n = 40;
  std::int64_t bad = -1;

  std::int64_t size() const { return n; }
  std::int64_t get(std::int64_t index) const {
    if (index % 7 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (index == bad) {
      throw Cause("record " + std::to_string(index) + " is broken");
    }
    return index;
  }
};

struct AsList {
  Ints operator()(const Ints& samples) const { return samples; }
};

using Loader = lt::DataLoader<Slow, lt::DefaultSampler, AsList>;

Ints all(Loader& loader) {
  Ints seen;
  for (const Ints& batch : loader) {
    seen.insert(seen.end(), batch.begin(), batch.end());
  }
  return seen;
}

Ints up_to(std::int64_t n) {
  Ints numbers;
  for (std::int64_t i = 0; i < n; ++i) {
    numbers.push_back(i);
  }
  return numbers;
}

// What a worker knows about itself.
struct WhoAmI {
  std::int64_t size() const { return 6; }
  Ints get(std::int64_t) const {
    const lt::WorkerInfo* worker = lt::get_worker_info();
    return worker == nullptr ? Ints{-1} : Ints{worker->id, worker->num_workers, worker->seed};
  }
};

struct First {
  Ints operator()(const std::vector<Ints>& samples) const { return samples.front(); }
};

// Random numbers, drawn where the sample is made.
struct Draws {
  std::int64_t size() const { return 8; }
  std::int64_t get(std::int64_t) const {
    return lt::rng::draw_seed(lt::rng::current_generator());
  }
};

Ints draws(std::int64_t workers) {
  manual_seed(3);
  auto loader = lt::DataLoader<Draws, lt::DefaultSampler, AsList>(
      Draws{}, {.batch_size = 1, .num_workers = workers}, AsList{});
  Ints seen;
  for (const Ints& batch : loader) {
    seen.push_back(batch.at(0));
  }
  return seen;
}

}  // namespace

TEST_CASE("workers keep the order") {
  for (const std::int64_t workers : {1, 2, 5, 13}) {
    Loader loader(Slow{}, {.batch_size = 3, .num_workers = workers}, AsList{});
    CHECK(all(loader) == up_to(40));
    CHECK(all(loader) == up_to(40));
  }
}

TEST_CASE("persistent workers serve pass after pass, left early or not") {
  Loader loader(Slow{}, {.batch_size = 3, .num_workers = 3, .persistent_workers = true}, AsList{});
  CHECK(all(loader) == up_to(40));
  {
    auto it = loader.begin();
    CHECK(*it == Ints{0, 1, 2});
  }
  CHECK(all(loader) == up_to(40));
  Loader copy = loader;
  CHECK(all(copy) == up_to(40));
  CHECK(all(loader) == up_to(40));
}

TEST_CASE("a worker's exception comes in its turn, with the batch and its cause") {
  Loader loader(Slow{40, 17}, {.batch_size = 5, .num_workers = 2}, AsList{});
  Ints seen;
  std::string text;
  bool cause_found = false;
  auto it = loader.begin();
  try {
    for (; it != loader.end(); ++it) {
      seen.push_back((*it).front());
    }
  } catch (const lt::DataError& error) {
    text = error.what();
    try {
      std::rethrow_if_nested(error);
    } catch (const Cause& cause) {
      cause_found = std::string(cause.what()) == "record 17 is broken";
    }
  }
  CHECK(seen == Ints{0, 5, 10});
  CHECK(text == "DataLoader: worker 1 of 2 failed at batch 3: record 17 is broken");
  CHECK(cause_found);
  // The pass goes on behind the batch that failed.
  CHECK((*it).front() == 20);
}

TEST_CASE("without workers the dataset's own exception comes through") {
  Loader loader(Slow{40, 17}, {.batch_size = 5}, AsList{});
  CHECK(text_of<Cause>([&] { all(loader); }) == "record 17 is broken");
}

TEST_CASE("a pass left early ends its threads") {
  struct Counted : Slow {
    std::shared_ptr<std::atomic<int>> inside = std::make_shared<std::atomic<int>>(0);
    std::int64_t get(std::int64_t index) const {
      ++*inside;
      const std::int64_t sample = Slow::get(index);
      --*inside;
      return sample;
    }
  };
  Counted dataset;
  const auto inside = dataset.inside;
  {
    lt::DataLoader<Counted, lt::DefaultSampler, AsList> loader(
        dataset, {.batch_size = 2, .num_workers = 4}, AsList{});
    for (int round = 0; round < 20; ++round) {
      auto it = loader.begin();
      if (round % 2 == 0) {
        CHECK(*it == Ints{0, 1});
      }
    }
    CHECK(inside->load() == 0);
  }
  // The dataset's copies are gone: loader, passes and threads held the others.
  CHECK(inside.use_count() == 2);
}

TEST_CASE("workers know who they are") {
  manual_seed(3);
  const std::int64_t base_seed = after();
  manual_seed(3);
  lt::DataLoader<WhoAmI, lt::DefaultSampler, First> loader(WhoAmI{}, {.num_workers = 3}, First{});
  std::vector<Ints> seen;
  for (const Ints& batch : loader) {
    seen.push_back(batch);
  }
  REQUIRE(seen.size() == 6);
  for (std::int64_t i = 0; i < 6; ++i) {
    CHECK(seen[static_cast<std::size_t>(i)] == Ints{i % 3, 3, base_seed + i % 3});
  }
  CHECK(lt::get_worker_info() == nullptr);
}

TEST_CASE("random transforms in workers are the same in every run") {
  const Ints two = draws(2);
  CHECK(draws(2) == two);
  CHECK(draws(3) != two);
  CHECK(draws(0) == draws(0));
}

TEST_CASE("an iterator can be moved while workers run") {
  Loader loader(Slow{}, {.batch_size = 10, .num_workers = 2}, AsList{});
  auto it = loader.begin();
  CHECK((*it).front() == 0);
  auto moved = std::move(it);
  ++moved;
  CHECK((*moved).front() == 10);
}

TEST_CASE("prefetch keeps the order and ends with the pass") {
  lt::PrefetchView<Ints> ahead(up_to(100), 3);
  for (int round = 0; round < 3; ++round) {
    Ints seen;
    for (const std::int64_t number : ahead) {
      seen.push_back(number);
    }
    CHECK(seen == up_to(100));
  }
  CHECK(*ahead.begin() == 0);
  CHECK(lt::loader_size(ahead) == 100);
  lt::PrefetchView<Ints> none(up_to(4), 0);
  CHECK(Ints(std::vector<std::int64_t>{*none.begin()}) == Ints{0});
}

TEST_CASE("prefetch hands on what the range throws, at its place") {
  const auto make = [] {
    return std::views::iota(0, 9) | std::views::transform([](int i) {
             return i == 4 ? throw Cause("four") : i;
           });
  };
  lt::PrefetchView<decltype(make)> ahead(make, 2);
  int seen = 0;
  const std::string text = text_of<lt::DataError>([&] {
    for (const int number : ahead) {
      seen += number + 1;
    }
  });
  CHECK(seen == 1 + 2 + 3 + 4);
  CHECK(text == "prefetch: failed at batch 4: four");
}

TEST_CASE("a pool drops what it was told to forget") {
  lt::WorkerPool<std::int64_t, std::int64_t> pool(
      2, 4, 0, [](std::int64_t, std::int64_t& job) { return std::optional(job * 10); });
  for (int round = 0; round < 50; ++round) {
    for (std::int64_t job = 0; !pool.full(); ++job) {
      pool.next_job() = job;
      pool.submit();
    }
    CHECK(pool.take() == 0);
    CHECK(pool.take() == 10);
    pool.cancel();
    CHECK(pool.idle());
  }
}
