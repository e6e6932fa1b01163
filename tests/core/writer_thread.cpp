// SPDX-License-Identifier: Apache-2.0
#include "lt/core/writer_thread.hpp"

#include <doctest/doctest.h>

#include <semaphore>
#include <vector>

namespace {

struct Sink {
  std::vector<int>* seen;
};
using Writer = lt::detail::WriterThread<Sink>;

}  // namespace

TEST_CASE("jobs are done in order, all of them") {
  std::vector<int> seen;
  std::vector<int> expected;
  Writer writer(Sink{&seen});
  for (int i = 0; i < 1000; ++i) {
    writer.post([i](Sink& sink) { sink.seen->push_back(i); });
    expected.push_back(i);
  }
  writer.wait();
  CHECK(seen == expected);
}

TEST_CASE("posting does not wait for a job that hangs") {
  std::vector<int> seen;
  std::binary_semaphore disk(0);
  Writer writer(Sink{&seen});
  writer.post([&](Sink&) { disk.acquire(); });
  for (int i = 0; i < 100; ++i) {  // would never end if it waited
    writer.post([i](Sink& sink) { sink.seen->push_back(i); });
    writer.check();
  }
  CHECK(seen.empty());
  disk.release();
  writer.wait();
  CHECK(seen.size() == 100);
}

TEST_CASE("what is left at the end is done, errors or not") {
  std::vector<int> seen;
  {
    Writer writer(Sink{&seen});
    for (int i = 0; i < 100; ++i) {
      writer.post([i](Sink& sink) {
        sink.seen->push_back(i);
        throw lt::Error("unheard");
      });
    }
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("an error is said once, with the number of those after it") {
  std::vector<int> seen;
  Writer writer(Sink{&seen});
  writer.wait();  // nothing to wait for
  writer.post([](Sink&) { throw lt::DataError("first"); });
  CHECK_THROWS_WITH_AS(writer.wait(), "first", lt::DataError);
  CHECK_NOTHROW(writer.wait());
  for (int i = 0; i < 3; ++i) {
    writer.post([i](Sink&) { throw lt::Error(i == 0 ? "first" : "later"); });
  }
  CHECK_THROWS_WITH_AS(writer.wait(), "first; 2 later writes failed, too", lt::Error);
  writer.post([](Sink& sink) { sink.seen->push_back(1); });
  writer.wait();
  CHECK(seen.size() == 1);
}
