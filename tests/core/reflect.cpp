// SPDX-License-Identifier: Apache-2.0
#include <lt/core/reflect.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace reflect_test {
struct Options {
  std::int64_t hidden = 128;
  double lr = 1e-3;
  std::string name = "net";
};
struct Plain {
  int field = 0;
};
template <class T>
struct Wrapped {
  T inner{};
};
}  // namespace reflect_test

LT_REFLECT(reflect_test::Options, (hidden, "width"), (lr, "learning rate, above 0"),
           (name, "a text, with a comma"))
LT_REFLECT(reflect_test::Wrapped<int>, (inner, "held"))

using reflect_test::Options;

static_assert(lt::Reflected<Options>);
static_assert(lt::Reflected<const Options&>);
static_assert(!lt::Reflected<reflect_test::Plain>);
static_assert(lt::field_count<Options> == 3);
static_assert(lt::field_count<reflect_test::Wrapped<int>> == 1);

TEST_CASE("fields come in the order of LT_REFLECT") {
  std::string names;
  Options options;
  lt::for_each_field(options, [&](std::string_view name, const auto&) {
    names += name;
    names += ' ';
  });
  CHECK(names == "hidden lr name ");
}

TEST_CASE("fields can be written through") {
  Options options;
  lt::for_each_field(options, [](std::string_view name, auto& field) {
    if constexpr (requires { field = 2; }) {
      if (name == "hidden") {
        field = 64;
      }
    }
  });
  CHECK(options.hidden == 64);
  CHECK(options.lr == 1e-3);
}

TEST_CASE("a constant value gives constant fields") {
  const Options options{.hidden = 5};
  std::int64_t found = 0;
  lt::for_each_field(options, [&]<class T>(std::string_view, T& field) {
    static_assert(std::is_const_v<T>);
    if constexpr (std::is_same_v<T, const std::int64_t>) {
      found = field;
    }
  });
  CHECK(found == 5);
}

TEST_CASE("help texts without a value") {
  std::string help;
  lt::for_each_field_info<Options>([&](const auto& field) {
    help += field.help;
    help += '|';
  });
  CHECK(help == "width|learning rate, above 0|a text, with a comma|");
}
