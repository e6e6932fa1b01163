// SPDX-License-Identifier: Apache-2.0
#include <lt/core/parts.hpp>

#include <doctest/doctest.h>

namespace {

struct Plain {};
struct Logger {
  using policy_family = lt::logger_tag;
};
struct Profiler {
  using policy_family = lt::profiler_tag;
};
struct Strategy {
  using policy_family = lt::strategy_tag;
};
struct Saver {
  static constexpr lt::CallbackOrder order = lt::CallbackOrder::checkpoint;
};
struct Bar {
  static constexpr lt::DefaultPart substitute = lt::DefaultPart::progress_bar;
};
// A family that lt does not know.
struct Foreign {
  using policy_family = int;
};

static_assert(lt::role_of<Plain> == lt::Role::callback);
static_assert(lt::role_of<Logger> == lt::Role::logger);
static_assert(lt::role_of<Logger&> == lt::Role::logger);
static_assert(lt::role_of<Profiler> == lt::Role::profiler);
static_assert(lt::role_of<Foreign> == lt::Role::callback);

static_assert(lt::Part<Plain> && lt::Part<Logger>);
static_assert(!lt::Part<Strategy>);
static_assert(!lt::Part<int>);

static_assert(lt::order_of<Plain> == lt::CallbackOrder::normal);
static_assert(lt::order_of<Saver> == lt::CallbackOrder::checkpoint);

static_assert(lt::substitute_of<Plain> == lt::DefaultPart::none);
static_assert(lt::substitute_of<Logger> == lt::DefaultPart::logger);
static_assert(lt::substitute_of<Saver> == lt::DefaultPart::checkpoint);
static_assert(lt::substitute_of<Bar> == lt::DefaultPart::progress_bar);

}  // namespace

TEST_CASE("the order of callbacks is an order") {
  CHECK(lt::CallbackOrder::tuner < lt::CallbackOrder::normal);
  CHECK(lt::CallbackOrder::normal < lt::CallbackOrder::monitor);
  CHECK(lt::CallbackOrder::monitor < lt::CallbackOrder::checkpoint);
}
