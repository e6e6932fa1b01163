// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/reflect.hpp"
#include "lt/core/run_state.hpp"
#include "support.hpp"

#include <chrono>
#include <variant>

namespace {

struct Inner {
  std::int64_t count = 1;
  std::string label = "inner";
};

struct Everything {
  bool flag = false;
  std::int32_t small = 0;
  std::uint64_t large = 0;
  float single = 0;
  double number = 0;
  std::string text{};
  lt::Text fixed{};
  std::optional<double> some{};
  std::optional<Inner> none{Inner{}};
  std::vector<std::string> names{};
  std::vector<bool> bits{};
  std::array<double, 2> betas{};
  std::pair<std::string, std::int64_t> pair{};
  std::tuple<int, Inner> tuple{};
  std::map<std::string, Inner> by_name{};
  std::map<std::int64_t, double> by_number{};
  at::Tensor tensor{};
  at::Tensor undefined{};
  lt::RunFn fn = lt::RunFn::none;
  lt::BatchCount count{};
  lt::BatchCount endless{};
  lt::BatchLimit limit = 1;
  lt::Interval interval = 1.0;
  lt::Interval time = 1.0;
  lt::Duration duration{};
  std::chrono::milliseconds pause{};
  std::filesystem::path path{};
  lt::MetricTable metrics{};
  Inner inner{};
  lt::checkpoint::Value any{};
};

}  // namespace

LT_REFLECT(Inner, (count, ""), (label, ""))
LT_REFLECT(Everything, (flag, ""), (small, ""), (large, ""), (single, ""), (number, ""), (text, ""),
           (fixed, ""), (some, ""), (none, ""), (names, ""), (bits, ""), (betas, ""), (pair, ""),
           (tuple, ""), (by_name, ""), (by_number, ""), (tensor, ""), (undefined, ""), (fn, ""),
           (count, ""), (endless, ""), (limit, ""), (interval, ""), (time, ""), (duration, ""),
           (pause, ""), (path, ""), (metrics, ""), (inner, ""), (any, ""))

using namespace test;
using ck::Dict;
using ck::Fields;
using ck::from_value;
using ck::Kind;
using ck::List;
using ck::to_value;
using ck::Value;

namespace {

Everything filled() {
  Everything x;
  x.flag = true;
  x.small = -3;
  x.large = 1ULL << 40;
  x.single = 0.1F;
  x.number = 1e-300;
  x.text = "text";
  x.fixed = "fixed";
  x.some = 2.5;
  x.none.reset();
  x.names = {"a", "b"};
  x.bits = {true, false, true};
  x.betas = {0.9, 0.999};
  x.pair = {"p", 7};
  x.tuple = {4, {5, "six"}};
  x.by_name = {{"k", {8, "v"}}};
  x.by_number = {{-1, 0.5}};
  x.tensor = torch::arange(3);
  x.fn = lt::RunFn::test;
  x.count = 12;
  x.endless = lt::BatchCount::infinite();
  x.limit = 5;
  x.interval = 0.25;
  x.time = std::chrono::minutes(1);
  x.duration = std::chrono::milliseconds(1500);
  x.pause = std::chrono::milliseconds(20);
  x.path = "a/b";
  x.metrics.set("loss", 0.5);
  x.inner = {2, "deep"};
  x.any["free"] = 1;
  return x;
}

}  // namespace

TEST_CASE("reflect: everything comes back") {
  const Value value = to_value(filled());
  Everything x;
  from_value(value, x, Fields::all);
  CHECK(difference(to_value(x), value) == "");
  CHECK(x.flag);
  CHECK(x.small == -3);
  CHECK(x.single == 0.1F);
  CHECK(x.fixed == "fixed");
  CHECK(x.some == 2.5);
  CHECK(!x.none);
  CHECK(x.bits == std::vector{true, false, true});
  CHECK(std::get<1>(x.tuple).label == "six");
  CHECK(x.by_name.at("k").count == 8);
  CHECK(x.by_number.at(-1) == 0.5);
  CHECK(!x.undefined.defined());
  CHECK(x.fn == lt::RunFn::test);
  CHECK(x.endless.is_infinite());
  CHECK(!x.limit.is_fraction());
  CHECK(x.interval.batches().fraction() == 0.25);
  CHECK(x.time.time() == std::chrono::minutes(1));
  CHECK(x.pause == std::chrono::milliseconds(20));
  CHECK(x.metrics.find("loss") == 0.5);
}

TEST_CASE("reflect: the tree is what Python would have") {
  const Value value = to_value(filled());
  CHECK(value["flag"].kind() == Kind::boolean);
  CHECK(value["none"].is_null());
  CHECK(value["undefined"].is_null());
  CHECK(value["betas"].is_list());
  CHECK(value.get<double>("endless") == std::numeric_limits<double>::infinity());
  CHECK(value.get<int>("fn") == 3);
  CHECK(value["limit"].kind() == Kind::integer);
  CHECK(value["interval"].kind() == Kind::number);
  CHECK(value.get<double>("time", "seconds") == 60.0);
  CHECK(value.get<double>("duration") == 1.5);
  CHECK(value.get<double>("by_number", -1) == 0.5);
}

TEST_CASE("reflect: missing fields keep what they hold, unknown keys are ignored") {
  Inner x{5, "kept"};
  from_value(Dict{{"count", 6}, {"stranger", 1}}, x);
  CHECK(x.count == 6);
  CHECK(x.label == "kept");
  CHECK(from_value<Inner>(Dict()).label == "inner");
}

TEST_CASE("reflect: all fields means all and no others") {
  Inner x;
  CHECK(error_of([&] { from_value(Dict{{"count", 6}}, x, Fields::all); }) ==
        "lt[E223] label: no such key; found [count]");
  CHECK(has(error_of([&] {
              from_value(Dict{{"count", 6}, {"label", ""}, {"stranger", 1}}, x, Fields::all);
            }),
            "stranger: no such field"));
  Everything y;
  Value value = to_value(filled());
  value["tuple"][1].erase("label");
  CHECK(has(error_of([&] { from_value(value, y, Fields::all); }), "tuple.1.label: no such key"));
  from_value(value, y);
}

TEST_CASE("reflect: wrong types name the path") {
  const auto error = [](const char* key, Value wrong) {
    Value value = to_value(filled());
    value[key] = std::move(wrong);
    Everything x;
    return error_of([&] { from_value(value, x); });
  };
  CHECK(error("flag", 1) == "lt[E223] flag: expected true or false, found the number 1");
  CHECK(error("number", "x") == "lt[E223] number: expected a number, found the text \"x\"");
  CHECK(error("text", 1) == "lt[E223] text: expected a text, found the number 1");
  CHECK(error("names", List{"a", 2}) == "lt[E223] names.1: expected a text, found the number 2");
  CHECK(error("betas", List{0.9}) ==
        "lt[E223] betas: expected a list of 2, found a list of 1 value");
  CHECK(error("by_name", Dict{{"k", Dict{{"count", "x"}}}}) ==
        "lt[E223] by_name.k.count: expected a whole number, found the text \"x\"");
  CHECK(has(error("by_name", Dict{{3, Dict()}}), "by_name.3: expected a text as key"));
  CHECK(has(error("by_number", Dict{{"k", 0.5}}), "by_number.k: expected a whole number as key"));
  CHECK(error("inner", List()) == "lt[E223] inner: expected a dict, found a list of 0 values");
  CHECK(error("tensor", "x") == "lt[E223] tensor: expected a tensor, found the text \"x\"");
  CHECK(error("some", "x") == "lt[E223] some: expected a number, found the text \"x\"");
  CHECK(error("metrics", Dict{{"loss", "x"}}) ==
        "lt[E223] metrics.loss: expected a number, found the text \"x\"");
  CHECK(!error("small", std::int64_t{1} << 40).empty());
  CHECK(!error("fn", 1000).empty());
}

TEST_CASE("reflect: the path begins where the caller says") {
  const ck::Key key("callbacks");
  const ck::Path root;
  const ck::Path path(root, key);
  CHECK(has(error_of([&] { from_value<Inner>(Dict{{"count", "x"}}, Fields::known, path); }),
            "callbacks.count: "));
  CHECK(has(error_of([&] { from_value<Inner>(1); }), "checkpoint: expected a dict"));
}

TEST_CASE("reflect: scores that Lightning keeps in tensors are numbers too") {
  double score = 0;
  from_value(Value(torch::tensor(0.25)), score);
  CHECK(score == 0.25);
  at::Tensor tensor;
  from_value(Value(0.25), tensor);
  CHECK(tensor.dim() == 0);
  CHECK((tensor.scalar_type() == at::kDouble));
  CHECK(tensor.item<double>() == 0.25);
  from_value(Value(3), tensor);
  CHECK((tensor.scalar_type() == at::kLong));
}

TEST_CASE("reflect: a variant keeps its alternative") {
  std::variant<Inner, double> x(Inner{});
  from_value(to_value(std::variant<Inner, double>(Inner{9, "nine"})), x);
  CHECK(std::get<Inner>(x).count == 9);
  CHECK(!error_of([&] { from_value(Value(1.5), x); }).empty());
}

TEST_CASE("reflect: containers replace what was there") {
  std::vector<int> list{1, 2, 3};
  from_value(Value(List{4}), list);
  CHECK(list == std::vector{4});
  std::map<std::string, int> map{{"old", 1}};
  from_value(Value(Dict{{"new", 2}}), map);
  CHECK(map == std::map<std::string, int>{{"new", 2}});
}
