// SPDX-License-Identifier: Apache-2.0
// The texts are held by tests/compile_fail.
#include <lt/core/part_list.hpp>
#include <lt/core/rules.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string_view>

namespace {

struct S {
  using policy_family = lt::strategy_tag;
};
struct A {
  using policy_family = lt::accelerator_tag;
};
struct P {
  using policy_family = lt::precision_tag;
};
struct Profiler {
  using policy_family = lt::profiler_tag;
};
struct Io {
  using policy_family = lt::checkpoint_io_tag;
};
struct Environment {
  using policy_family = lt::environment_tag;
};
struct Logger {
  using policy_family = lt::logger_tag;
};
struct Bar {
  static constexpr auto substitute = lt::DefaultPart::progress_bar;
};
struct Callback {};

static_assert(lt::Compatible<S, A, P>);
static_assert(lt::Compatible<S, A, P, Profiler, Io, Environment, Bar, Logger, Callback>);
static_assert(lt::Compatible<S, A, P, Callback, Callback, Logger, Logger>);
static_assert(!lt::Compatible<A, A, P>);
static_assert(!lt::Compatible<S, S, P>);
static_assert(!lt::Compatible<S, A, A>);
static_assert(!lt::Compatible<S, A, P, int>);
static_assert(!lt::Compatible<S, A, P, A>);
static_assert(!lt::Compatible<S, A, P, Profiler, Callback, Profiler>);
static_assert(!lt::Compatible<S, A, P, Bar, Bar>);
static_assert(!lt::Compatible<S, A, P, Io, Io>);
static_assert(!lt::Compatible<S, A, P, Environment, Environment>);

static_assert(!lt::Compatible<S, A, P, P>);
static_assert(!lt::Compatible<S, A, P, Callback, S>);

// What may be chosen at run time.
static_assert(lt::Compatible<S, A, P, lt::PartList<Callback, Logger, Bar>, Profiler>);
static_assert(!lt::Compatible<S, A, P, Callback, lt::PartList<Callback, Profiler>>);
static_assert(!lt::Compatible<S, A, P, lt::PartList<Io>>);
static_assert(!lt::Compatible<S, A, P, lt::PartList<Environment>>);
static_assert(!lt::Compatible<S, A, P, lt::PartList<P>>);
static_assert(!lt::Compatible<S, A, P, lt::PartList<Callback, lt::PartList<Callback>>>);

static_assert(lt::count_role<lt::Role::logger, Logger, Callback, Logger> == 2);
static_assert(lt::count_role<lt::Role::logger> == 0);
static_assert(lt::count_substitutes<lt::DefaultPart::progress_bar, Bar, Callback> == 1);

static_assert(!lt::rule::E405::holds<S, A, P, Profiler, Profiler>);
static_assert(lt::rule::E406::holds<S, A, P, Profiler, Profiler>);

static_assert(lt::is_fine<lt::argument_check<Bar&, S, A, P, Bar>>);
static_assert(lt::is_fine<lt::argument_check<const S&, S, A, P>>);
static_assert(!lt::is_fine<lt::argument_check<Bar, S, A, P, Callback>>);

}  // namespace

TEST_CASE("every rule says what, why and what to do, and where it comes from") {
  std::set<std::string_view> codes;
  const auto see = [&]<class Rule>(Rule) {
    CAPTURE(Rule::code);
    CHECK(codes.insert(Rule::code).second);
    CHECK(Rule::code.starts_with('E'));
    CHECK(Rule::text.find("; Fix: ") != std::string_view::npos);
    CHECK(!Rule::source.empty());
  };
#define LT_RULE(code, condition, text, source) see(lt::rule::code{});
#include <lt/core/rules.def>
#undef LT_RULE
  CHECK(codes.size() >= 9);
}
