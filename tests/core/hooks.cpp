// SPDX-License-Identifier: Apache-2.0
#include <lt/core/hooks.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

namespace {

namespace hook = lt::hook;

struct Plain {
  void on_fit_start(int) {}
};
struct Generic {
  template <class Ctx>
  void on_fit_start(Ctx& ctx) {
    ctx.nonsense();
  }
};
struct Overloaded {
  void on_fit_start(int) {}
  void on_fit_start(double, int) {}
};
struct Inherits : Plain {};
class Private {
  void on_fit_start(int) {}
};
struct Virtual {
  virtual ~Virtual() = default;
  virtual void on_fit_start(int) = 0;
};
struct Data {
  int on_fit_start = 0;
};
struct Static {
  static void on_fit_start(int) {}
};
struct None {};
struct Final final {
  void on_fit_start(int) {}
};

using Start = hook::on_fit_start;
static_assert(lt::declares<Start, Plain>);
static_assert(lt::declares<Start, Generic>);
static_assert(lt::declares<Start, Overloaded>);
static_assert(lt::declares<Start, Inherits>);
static_assert(lt::declares<Start, Private>);
static_assert(lt::declares<Start, Virtual>);
static_assert(lt::declares<Start, Data>);
static_assert(lt::declares<Start, Static>);
static_assert(!lt::declares<Start, None>);
static_assert(!lt::declares<Start, int>);
static_assert(!lt::declares<hook::on_fit_end, Plain>);

static_assert(lt::HookHost<None>);
static_assert(!lt::HookHost<Final>);
static_assert(!lt::HookHost<int>);

// A body that could not be compiled is not looked at.
static_assert(Start::callable<Generic, int&>);
static_assert(Start::callable<Plain, int>);
static_assert(Start::callable<Plain, short>);
static_assert(!Start::callable<Plain>);
static_assert(!Start::callable<Plain, std::string>);
static_assert(!Start::callable<Private, int>);
static_assert(Start::callable<Static, int>);

struct Chooses {
  std::set<lt::HookId> chosen;
  void on_fit_start(int) {}
  void on_fit_end(int) {}
  bool has_hook(lt::HookId id) const { return chosen.contains(id); }
};

struct Counts {
  int calls = 0;
  int& on_fit_start(int by) {
    calls += by;
    return calls;
  }
};

}  // namespace

TEST_CASE("a call returns what the hook returns") {
  Counts counts;
  int& result = Start::call(counts, 3);
  CHECK(&result == &counts.calls);
  CHECK(counts.calls == 3);
}

TEST_CASE("has_hook is a constant for nearly every class") {
  static_assert(lt::has_hook<Start>(Plain{}));
  static_assert(!lt::has_hook<Start>(None{}));
}

TEST_CASE("has_hook asks a class that chooses at run time") {
  Chooses object{.chosen = {lt::HookId::on_fit_end}};
  CHECK(!lt::has_hook<Start>(object));
  CHECK(lt::has_hook<hook::on_fit_end>(object));
  object.chosen.insert(lt::HookId::on_train_start);
  CHECK(!lt::has_hook<hook::on_train_start>(object));  // not declared
}

TEST_CASE("the table is indexed by HookId") {
  CHECK(std::size(lt::hook_table) == lt::hook_count);
  for (std::size_t i = 0; i < lt::hook_count; ++i) {
    CHECK(lt::hook_table[i].id == static_cast<lt::HookId>(i));
  }
  CHECK(lt::hook_info(lt::HookId::training_step).name == "training_step");
  CHECK(lt::hook_info(Start::id).name == "on_fit_start");
}

TEST_CASE("names are unique and every row is complete") {
  std::set<std::string_view> names;
  for (const lt::HookInfo& info : lt::hook_table) {
    CAPTURE(info.name);
    CHECK(names.insert(info.name).second);
    CHECK(info.arguments.starts_with('('));
    CHECK(info.arguments.ends_with(')'));
    CHECK(!info.sentence.empty());
    CHECK(info.receivers != lt::Receivers{});
  }
}

TEST_CASE("receivers") {
  using enum lt::Receivers;
  const lt::HookInfo& step = lt::hook_info(lt::HookId::training_step);
  CHECK(step.received_by(model));
  CHECK(!step.received_by(callback));
  const lt::HookInfo& setup = lt::hook_info(lt::HookId::setup);
  CHECK(setup.received_by(model));
  CHECK(setup.received_by(callback));
  CHECK(setup.received_by(data));
  CHECK(!lt::hook_info(lt::HookId::on_exception).received_by(model));
}

TEST_CASE("rules of logging are Lightning's for well-known hooks") {
  CHECK(lt::hook_info(lt::HookId::training_step).log_rule == lt::LogRule::step);
  CHECK(lt::hook_info(lt::HookId::validation_step).log_rule == lt::LogRule::eval);
  CHECK(lt::hook_info(lt::HookId::on_train_epoch_end).log_rule == lt::LogRule::epoch);
  CHECK(lt::hook_info(lt::HookId::on_validation_end).log_rule == lt::LogRule::never);
  CHECK(lt::hook_info(lt::HookId::predict_step).log_rule == lt::LogRule::never);
}
