// SPDX-License-Identifier: Apache-2.0
#include <lt/core/device_choice.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Indices = std::vector<std::int64_t>;

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const lt::ConfigError& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("all devices, in each of the forms") {
  CHECK(lt::Devices().indices(3, "CUDA") == Indices{0, 1, 2});
  CHECK(lt::Devices(-1).indices(3, "CUDA") == Indices{0, 1, 2});
  CHECK(lt::Devices("auto").indices(2, "CUDA") == Indices{0, 1});
  CHECK(lt::Devices("-1").indices(2, "CUDA") == Indices{0, 1});
}

TEST_CASE("a number is that many from the first, a list is those") {
  CHECK(lt::Devices(2).indices(4, "CUDA") == Indices{0, 1});
  CHECK(lt::Devices("2").indices(4, "CUDA") == Indices{0, 1});
  CHECK(lt::Devices{2}.indices(4, "CUDA") == Indices{2});
  CHECK(lt::Devices{3, 1}.indices(4, "CUDA") == Indices{3, 1});
  CHECK(lt::Devices("0, 2").indices(4, "CUDA") == Indices{0, 2});
  CHECK(lt::Devices("2,").indices(4, "CUDA") == Indices{2});
}

TEST_CASE("what is no choice says so") {
  CHECK(says(error_of([] { lt::Devices(0); }), "lt[E880] devices = 0; expected 1 or more"));
  CHECK(says(error_of([] { lt::Devices(-2); }), "lt[E880]"));
  CHECK(
      says(error_of([] { lt::Devices{1, 0, 1}; }), "lt[E881] devices = [1, 0, 1]: found 1 twice"));
  CHECK(says(error_of([] { lt::Devices{0, -1}; }), "found -1;"));
  CHECK(says(error_of([] { lt::Devices(Indices{}); }), "lt[E881] devices = []"));
  for (const char* wrong : {"", "gpu", "1,x", "0,,1", "1.5", "0x1"}) {
    CAPTURE(wrong);
    CHECK(says(error_of([&] { lt::Devices{wrong}; }), "lt[E882]"));
  }
}

TEST_CASE("devices that are not there") {
  CHECK(says(error_of([] { lt::Devices{0, 5}.indices(2, "CUDA"); }),
             "devices = [0, 5]: there is no CUDA device 5; expected indices below 2"));
  CHECK(says(error_of([] { lt::Devices(3).indices(2, "CUDA"); }),
             "lt[E883] devices = 3, but there are 2 CUDA devices"));
}

TEST_CASE("one device for each local rank") {
  CHECK(lt::device_of_rank(lt::Devices(), 4, 3, "CUDA") == 3);
  CHECK(lt::device_of_rank({3, 1}, 4, 1, "CUDA") == 1);
  CHECK(says(error_of([] { lt::device_of_rank(lt::Devices(2), 4, 2, "CUDA"); }),
             "lt[E884] local rank 2 has no CUDA device of its own: devices = 2 are [0, 1]"));
}

TEST_CASE("a launcher may show each rank its own device alone") {
  CHECK(lt::device_of_rank(lt::Devices(), 1, 3, "CUDA") == 0);
  CHECK(says(error_of([] { lt::device_of_rank({0}, 1, 3, "CUDA"); }), "lt[E884]"));
}

TEST_CASE("a choice is written as it was given") {
  CHECK(lt::text(lt::Devices()) == "auto");
  CHECK(lt::text(lt::Devices(2)) == "2");
  CHECK(lt::text(lt::Devices("0,2")) == "[0, 2]");
}
