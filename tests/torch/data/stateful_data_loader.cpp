// SPDX-License-Identifier: Apache-2.0
#include "helpers.hpp"

#include <lt/data/loader_ref.hpp>
#include <lt/data/stateful_data_loader.hpp>

#include "doctest_torch.hpp"

#include <functional>
#include <iterator>
#include <vector>

using namespace test;

namespace {

auto make(lt::DataLoaderOptions options) {
  return lt::StatefulDataLoader(lt::DataLoader(Numbers{}, std::move(options)));
}

// Takes two batches of the second epoch, saves, and compares what comes then with what a loader
// restored from that gives: the rest of the epoch, and two more.
void check_resume(const lt::DataLoaderOptions& options) {
  manual_seed(11);
  auto loader = make(options);
  flat(loader);
  auto it = loader.begin();
  CHECK((it != loader.end()));
  ++it;
  CHECK((it != loader.end()));
  const lt::DataLoaderState state = loader.state_dict();
  CHECK(state.samples_yielded == 2 * options.batch_size);
  const at::Generator generator = lt::rng::default_generator();
  const at::Tensor default_state = generator.get_state();

  std::vector<Ints> expected;
  for (++it; it != loader.end(); ++it) {
    expected.push_back(values(*it));
  }
  expected.push_back(flat(loader));
  expected.push_back(flat(loader));

  manual_seed(99);
  auto restored = make(options);
  restored.load_state_dict(state);
  at::Generator(generator).set_state(default_state);
  std::vector<Ints> found;
  for (const at::Tensor& batch : restored) {
    found.push_back(values(batch));
  }
  found.push_back(flat(restored));
  found.push_back(flat(restored));
  CHECK(found == expected);
}

// Says which samples were read.
struct Reads {
  Ints* read;
  std::int64_t size() const { return 10; }
  std::int64_t get(std::int64_t index) const {
    read->push_back(index);
    return index;
  }
};

}  // namespace

static_assert(lt::Loader<lt::StatefulDataLoader<lt::DataLoader<Numbers>>>);
static_assert(lt::Reflected<lt::DataLoaderState>);

TEST_CASE("a reference to it keeps the position as well") {
  auto loader = make({.batch_size = 2});
  lt::LoaderRef ref(loader);
  auto it = ref.begin();
  CHECK((it != ref.end()));
  CHECK(ref.state_dict().batches_yielded == 1);
  auto other = make({.batch_size = 2});
  lt::LoaderRef restored(other);
  restored.load_state_dict(ref.state_dict());
  CHECK(values(*restored.begin()) == Ints{2, 3});
}

TEST_CASE("a restored loader goes on at the next batch, and later epochs follow") {
  check_resume({.batch_size = 3});
  check_resume({.batch_size = 3, .shuffle = true});
  check_resume({.batch_size = 3, .shuffle = true, .drop_last = true});
  check_resume({.batch_size = 3, .shuffle = true, .seed = 4});
  check_resume({.batch_size = 2, .shuffle = true, .num_workers = 2});
  check_resume({.batch_size = 2, .shuffle = true, .num_workers = 2, .seed = 4});
}

TEST_CASE("samples that were left out are not read") {
  Ints read;
  lt::StatefulDataLoader loader(lt::DataLoader(Reads{&read}, {.batch_size = 4}));
  auto it = loader.begin();
  *it;
  const auto state = loader.state_dict();
  read.clear();
  loader.load_state_dict(state);
  flat(loader);
  CHECK(read == Ints{4, 5, 6, 7, 8, 9});
}

TEST_CASE("after the last batch the position is the beginning of the next pass") {
  for (const bool drop_last : {false, true}) {
    auto loader = make({.batch_size = 4, .drop_last = drop_last});
    auto it = loader.begin();
    for (int batch = 0; batch < loader.size(); ++batch, ++it) {
      CHECK(it != loader.end());
      const bool last = batch + 1 == loader.size();
      CHECK(loader.state_dict().samples_yielded == (last ? 0 : 4 * (batch + 1)));
    }
    CHECK(it == loader.end());
    CHECK(loader.state_dict().batches_yielded == 0);
    auto restored = make({.batch_size = 4, .drop_last = drop_last});
    restored.load_state_dict(loader.state_dict());
    CHECK(static_cast<std::int64_t>(flat(restored).size()) == (drop_last ? 8 : 10));
  }
}

TEST_CASE("a pass left early begins anew unless its position is loaded") {
  auto loader = make({.batch_size = 4});
  *loader.begin();
  CHECK(flat(loader).size() == 10);
}

TEST_CASE("the sampler's epoch is restored") {
  const auto shared = [] {
    return lt::StatefulDataLoader(lt::DataLoader(
        Numbers{}, lt::DistributedSampler({.num_replicas = 2, .rank = 1}), {.batch_size = 2}));
  };
  auto loader = shared();
  loader.set_epoch(6);
  const Ints all = flat(loader);
  auto it = loader.begin();
  *it;
  auto restored = shared();
  restored.load_state_dict(loader.state_dict());
  CHECK(flat(restored) == Ints(all.begin() + 2, all.end()));
}

TEST_CASE("with another sampler it stays stateful") {
  auto loader = make({.batch_size = 4, .shuffle = true}).with_sequential_sampler();
  *loader.begin();
  CHECK(loader.state_dict().samples_yielded == 4);
}

TEST_CASE("positions that cannot be") {
  auto loader = make({.batch_size = 4});
  const auto text = [&](lt::DataLoaderState state) {
    return text_of<lt::DataError>([&] { loader.load_state_dict(state); });
  };
  CHECK(has(text({.samples_yielded = 16, .batches_yielded = 4}),
            "the saved position is batch 4; expected at most 3"));
  CHECK(has(text({.samples_yielded = -1}), "the saved position"));
  CHECK(has(text({.samples_yielded = 4, .batches_yielded = 1}), "has no generator state"));
}
