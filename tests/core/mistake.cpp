// SPDX-License-Identifier: Apache-2.0
#include <lt/core/mistake.hpp>

#include <doctest/doctest.h>

#include <concepts>

namespace {

template <bool Right>
struct First {
  static_assert(Right, "never instantiated by a question");
};
template <bool Right>
struct Second {
  static_assert(Right, "never instantiated by a question");
};
using OneWrong = lt::Mistake<First<false>>;
using OtherWrong = lt::Mistake<Second<false>>;

static_assert(lt::is_fine<lt::Fine>);
static_assert(!lt::is_fine<OneWrong>);
static_assert(lt::is_fine<lt::first_mistake<>>);
static_assert(lt::is_fine<lt::first_mistake<lt::Fine, lt::Fine>>);
static_assert(std::same_as<lt::first_mistake<lt::Fine, OtherWrong, OneWrong>, OtherWrong>);
static_assert(lt::is_fine<lt::check_that<true, First<false>>>);
static_assert(std::same_as<lt::check_that<false, First<false>>, OneWrong>);

struct Body {};
struct Stub {};
static_assert(std::same_as<lt::gate<lt::Fine, Body, Stub>, Body>);

}  // namespace

TEST_CASE("a check that is fine reports nothing") {
  CHECK_NOTHROW(lt::report<lt::Fine>());
}
