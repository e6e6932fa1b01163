// SPDX-License-Identifier: Apache-2.0
#include "lt/core/yaml_text.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace {
struct Inner {
  double lr = 1e-5;
  std::optional<int> n{};
  std::vector<int> dims{1, 2};
};
struct Outer {
  std::string name = "digits";
  bool flag = true;
  Inner inner;
  std::vector<Inner> several{{}, {}};
  std::vector<int> nothing;
  std::int64_t count = 3;
};
}  // namespace
LT_REFLECT(Inner, (lr, ""), (n, ""), (dims, ""))
LT_REFLECT(Outer, (name, ""), (flag, ""), (inner, ""), (several, ""), (nothing, ""), (count, ""))

TEST_CASE("a reflected aggregate as a YAML file") {
  CHECK(lt::yaml_text(lt::hyper_params(Outer{})) ==
        "count: 3\n"
        "flag: true\n"
        "inner:\n"
        "  dims:\n"
        "  - 1\n"
        "  - 2\n"
        "  lr: 1.0e-05\n"
        "  'n': null\n"
        "name: digits\n"
        "nothing: []\n"
        "several:\n"
        "- dims:\n"
        "  - 1\n"
        "  - 2\n"
        "  lr: 1.0e-05\n"
        "  'n': null\n"
        "- dims:\n"
        "  - 1\n"
        "  - 2\n"
        "  lr: 1.0e-05\n"
        "  'n': null\n");
  CHECK(lt::yaml_text({}) == "{}\n");
}

TEST_CASE("numbers keep their dot") {
  CHECK(lt::yaml_number(0.1) == "0.1");
  CHECK(lt::yaml_number(1e-5) == "1.0e-05");
  CHECK(lt::yaml_number(1.5e20) == "1.5e+20");
  CHECK(lt::yaml_number(-std::numeric_limits<double>::infinity()) == "-.inf");
  CHECK(lt::yaml_number(std::numeric_limits<double>::quiet_NaN()) == ".nan");
}

TEST_CASE("texts that would read as something else are quoted") {
  CHECK(lt::yaml_string("plain text") == "plain text");
  CHECK(lt::yaml_string("it's") == "it's");
  CHECK(lt::yaml_string("") == "''");
  CHECK(lt::yaml_string("Yes") == "'Yes'");
  CHECK(lt::yaml_string("1e3") == "'1e3'");
  CHECK(lt::yaml_string("12:30") == "'12:30'");
  CHECK(lt::yaml_string("a: b") == "'a: b'");
  CHECK(lt::yaml_string("'q") == "'''q'");
  CHECK(lt::yaml_string("#no") == "'#no'");
  CHECK(lt::yaml_string("two\nlines") == "\"two\\nlines\"");
}
