// SPDX-License-Identifier: Apache-2.0
#include "lt/tuner/batch_search.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

struct Walk {
  std::vector<std::int64_t> tried;
  std::optional<std::int64_t> found;
  std::string note;
};

/// Sizes up to `fits` fit.
Walk walk(const lt::BatchSearchOptions& options, std::int64_t fits,
          std::optional<std::int64_t> samples = {}, lt::Compat compat = lt::Compat::lt) {
  lt::BatchSizeSearch search(options, compat);
  Walk walk;
  while (const auto size = search.next()) {
    walk.tried.push_back(*size);
    REQUIRE(walk.tried.size() < 100);
    if (*size <= fits) {
      search.succeeded(samples && *size >= *samples);
    } else {
      search.failed();
    }
  }
  walk.found = search.size();
  walk.note = search.note();
  return walk;
}

using Sizes = std::vector<std::int64_t>;
constexpr auto binsearch = lt::BatchSizeMode::binsearch;
constexpr auto lightning = lt::Compat::lightning;

}  // namespace

TEST_CASE("power doubles until memory runs out, and answers with the last size that fitted") {
  const Walk w = walk({}, 20);
  CHECK(w.tried == Sizes{2, 4, 8, 16, 32});
  CHECK(w.found == 16);
  CHECK(w.note == "Batch size 32 failed, the largest that succeeded is 16");
}

TEST_CASE("power goes down from an initial size that does not fit, and does not try one twice") {
  const Walk w = walk({.init_val = 32}, 10);
  CHECK(w.tried == Sizes{32, 16, 8});
  CHECK(w.found == 8);
}

TEST_CASE("no size fits: no answer") {
  for (const auto mode : {lt::BatchSizeMode::power, binsearch}) {
    const Walk w = walk({.mode = mode, .init_val = 4}, 0);
    CHECK(w.tried == Sizes{4, 2, 1});
    CHECK_FALSE(w.found);
    CHECK(w.note == "Batch size 1 failed, and there is none below");
  }
}

TEST_CASE("a batch that holds the dataset is the largest") {
  const Walk w = walk({}, 1000, 12);
  CHECK(w.tried == Sizes{2, 4, 8, 16});
  CHECK(w.found == 16);
  CHECK(w.note == "The batch size 16 is greater or equal than the length of your dataset.");
}

TEST_CASE("max_val is tried, never exceeded") {
  const Walk w = walk({.init_val = 3, .max_val = 20}, 1000);
  CHECK(w.tried == Sizes{3, 6, 12, 20});
  CHECK(w.found == 20);
  CHECK(w.note == "Reached the maximum batch size limit of 20. Stopping search.");
  CHECK(walk({.init_val = 20, .max_val = 20}, 1000).tried == Sizes{20});
}

TEST_CASE("max_trials bounds the trials; the answer was tried") {
  CHECK(walk({.max_trials = 3}, 1000).found == 8);
  CHECK(walk({.max_trials = 3}, 4).found == 4);
  CHECK_FALSE(walk({.init_val = 64, .max_trials = 3}, 4).found);
  CHECK(walk({.mode = binsearch, .max_trials = 5, .margin = 0}, 11).found == 8);
}

TEST_CASE("binsearch closes in on the largest size, and leaves a margin") {
  const Walk w = walk({.mode = binsearch, .margin = 0}, 11);
  CHECK(w.tried == Sizes{2, 4, 8, 16, 12, 10, 11});
  CHECK(w.found == 11);
  CHECK(walk({.mode = binsearch}, 11).found == 10);
  CHECK(walk({.mode = binsearch, .margin = 0.5}, 1).found == 1);
  CHECK(walk({.mode = binsearch, .margin = 0}, 1000, 12).found == 16);
}

TEST_CASE("every memory: binsearch finds exactly what fits") {
  for (std::int64_t fits = 1; fits <= 300; ++fits) {
    CHECK(walk({.mode = binsearch, .init_val = 5, .margin = 0}, fits).found == fits);
  }
}

TEST_CASE("Lightning's power mode answers with sizes that nobody tried") {
  const Walk beyond = walk({.max_val = 20}, 1000, {}, lightning);
  CHECK(beyond.tried == Sizes{2, 4, 8, 16});
  CHECK(beyond.found == 32);
  const Walk last = walk({.init_val = 16, .max_trials = 1}, 4, {}, lightning);
  CHECK(last.tried == Sizes{16});
  CHECK(last.found == 8);
  const Walk again = walk({.init_val = 16}, 10, {}, lightning);
  CHECK(again.tried == Sizes{16, 8, 16});
  CHECK(again.found == 8);
  CHECK(walk({.max_val = 100000}, 1000000, {}, lightning).found == 8192);
}

TEST_CASE("Lightning's binsearch") {
  const Walk w = walk({.mode = binsearch, .margin = 0}, 11, {}, lightning);
  CHECK(w.tried == Sizes{2, 4, 8, 16, 12, 10, 11});
  CHECK(w.found == 11);
  CHECK(walk({.mode = binsearch, .init_val = 2}, 0, {}, lightning).found == 1);
  CHECK(walk({.mode = binsearch, .max_val = 64}, 1000, {}, lightning).found == 60);
}
