// SPDX-License-Identifier: Apache-2.0
#include <lt/core/text.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

enum class Color { red, blue };
constexpr std::string_view enum_name(Color color) {
  return color == Color::red ? "red" : "blue";
}

struct Point {
  int x = 0;
  void append_to(std::string& out) const { out += "x=" + std::to_string(x); }
};

constexpr std::size_t size_after_copies() {
  lt::Text a = "abc";
  lt::Text b = a;
  b = lt::Text("longer text");
  a = b;
  a = std::move(b);
  return a.view().size();
}
static_assert(size_after_copies() == 11);
static_assert(lt::Text().empty());
static_assert(lt::Text("a") == "a");

}  // namespace

TEST_CASE("Text owns its characters") {
  std::string source = "name";
  lt::Text text = source;
  source = "other";
  CHECK(text.view() == "name");
  CHECK(text.str() == "name");
}

TEST_CASE("Text copies, moves and compares") {
  lt::Text a = "a";
  lt::Text copy = a;
  CHECK(copy == a);
  lt::Text moved = std::move(copy);
  CHECK(moved == "a");
  a = "b";
  CHECK(!(a == moved));
  lt::Text& self = a;
  a = self;
  CHECK(a == std::string_view("b"));
}

TEST_CASE("Text holds zero bytes and may be empty") {
  const lt::Text text = std::string_view("a\0b", 3);
  CHECK(text.view().size() == 3);
  CHECK(lt::Text("").empty());
  CHECK(lt::Text("") == lt::Text());
}

TEST_CASE("text writes values as a person would") {
  CHECK(lt::text(true, " ", false) == "true false");
  CHECK(lt::text(std::int64_t{-7}, " ", 0.1, " ", 2.0, " ", 1e-9) == "-7 0.1 2 1e-09");
  CHECK(lt::text(std::string("a"), "b", std::string_view("c"), lt::Text("d")) == "abcd");
  CHECK(lt::text(std::optional<int>(), " ", std::optional<int>(3)) == "none 3");
  CHECK(lt::text(std::vector<int>{1, 2}, std::vector<int>{}) == "[1, 2][]");
  CHECK(lt::text(Color::blue) == "blue");
  CHECK(lt::text(Point{4}) == "x=4");
  CHECK(lt::text(std::vector<std::optional<Color>>{Color::red, {}}) == "[red, none]");
  CHECK(lt::text().empty());
}

TEST_CASE("numbers are exact") {
  CHECK(lt::text(0.1f) == "0.1");
  CHECK(lt::text(1.0 / 3.0) == "0.3333333333333333");
  CHECK(lt::text(INT64_MIN) == "-9223372036854775808");
}

TEST_CASE("join") {
  CHECK(lt::join(std::vector<int>{1, 2, 3}, ", ") == "1, 2, 3");
  CHECK(lt::join(std::vector<std::string>{}, ", ").empty());
  CHECK(lt::join(std::vector<std::string>{"a"}, ", ") == "a");
}
