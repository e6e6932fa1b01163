// SPDX-License-Identifier: Apache-2.0
#include <lt/core/part_list.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

struct A {
  int value = 0;
};
struct B {
  std::string text;
};

static_assert(lt::is_part_list<lt::PartList<A, B>>);
static_assert(!lt::is_part_list<A>);

struct Write {
  std::string& out;
  void operator()(const A& a) const { out += "A" + std::to_string(a.value) + " "; }
  void operator()(const B& b) const { out += "B" + b.text + " "; }
};

std::string written(lt::PartList<A, B>& parts) {
  std::string out;
  parts.for_each(Write{out});
  return out;
}

}  // namespace

TEST_CASE("any number of parts in any order") {
  lt::PartList<A, B> parts;
  CHECK(parts.empty());
  parts.add(B{"x"});
  parts.add(A{1});
  parts.add(B{"y"});
  CHECK(parts.size() == 3);
  CHECK(written(parts) == "Bx A1 By ");
}

TEST_CASE("an added part stays where it is") {
  lt::PartList<A, B> parts;
  A& first = parts.add(A{1});
  for (int i = 0; i < 20; ++i) {
    parts.add(A{i});
  }
  first.value = 99;
  CHECK(written(parts).starts_with("A99 "));
}

TEST_CASE("merge: an element replaces all of its type and goes to the end") {
  lt::PartList<A, B> parts;
  parts.add(A{1});
  parts.add(B{"x"});
  parts.add(A{2});
  lt::PartList<A, B> other;
  other.add(A{9});
  parts.merge(std::move(other));
  CHECK(written(parts) == "Bx A9 ");
}

TEST_CASE("merge: what is there twice in the other list is there twice") {
  lt::PartList<A, B> parts;
  parts.add(A{1});
  lt::PartList<A, B> other;
  other.add(A{8});
  other.add(A{9});
  parts.merge(std::move(other));
  CHECK(written(parts) == "A8 A9 ");
}

TEST_CASE("remove: all elements of a type go, those of other types stay") {
  lt::PartList<A, B> parts;
  parts.add(A{1});
  parts.add(B{"x"});
  parts.add(A{2});
  parts.remove<A>();
  parts.remove<int>();
  CHECK(written(parts) == "Bx ");
}
