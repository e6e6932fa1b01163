// SPDX-License-Identifier: Apache-2.0
#include <lt/cli/nearest.hpp>
#include <lt/cli/schema.hpp>
#include <lt/cli/yaml.hpp>
#include <lt/core/score.hpp>
#include <lt/core/trainer_options.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toy {

enum class Colour : std::uint8_t { red, green };

struct Inner {
  std::int8_t small = 1;
};
struct Options {
  std::int64_t whole = 1;
  double real = 0.5;
  bool flag = false;
  std::string word = "a: b";
  Colour colour = Colour::red;
  lt::Mode mode = lt::Mode::min;
  std::optional<double> perhaps{};
  std::array<double, 2> pair{0.9, 0.999};
  std::vector<std::int64_t> many{};
  lt::Duration time{};
  Inner inner{};
  void (*function)() = nullptr;  // no value of a configuration
};

}  // namespace toy

LT_REFLECT(toy::Inner, (small, "a small number"))
LT_REFLECT(toy::Options, (whole, "a number"), (real, "a number"), (flag, "yes or no"),
           (word, "a text"), (colour, "an enumeration"), (mode, "another"), (perhaps, "or nothing"),
           (pair, "two"), (many, "any number"), (time, "seconds"), (inner, "further options"),
           (function, "code"))

namespace {

using namespace lt::cli;

toy::Options read(const std::string& yaml) {
  toy::Options options;
  apply(schema_of<toy::Options>(), parse_yaml(yaml, "a.yaml"), &options, "toy");
  return options;
}
std::string error(const std::string& yaml) {
  try {
    (void)read(yaml);
    return "no error";
  } catch (const lt::ConfigError& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("every type of value is read") {
  const toy::Options o = read(
      "{whole: -3, real: 1e-3, flag: yes, word: hello, colour: green, mode: max, perhaps: .inf, "
      "pair: [0.5, 1], many: [1, 2, 3], time: '00:00:01:30', inner: {small: 7}}");
  CHECK(o.whole == -3);
  CHECK(o.real == 1e-3);
  CHECK(o.flag);
  CHECK(o.word == "hello");
  CHECK(o.colour == toy::Colour::green);
  CHECK(o.mode == lt::Mode::max);
  CHECK(*o.perhaps > 1e300);
  CHECK(o.pair == std::array<double, 2>{0.5, 1.0});
  CHECK(o.many == std::vector<std::int64_t>{1, 2, 3});
  CHECK(o.time.count() == 90.0);
  CHECK(o.inner.small == 7);
}

TEST_CASE("null leaves a default, and empties an optional") {
  CHECK(read("{whole: null, word: }").whole == 1);
  CHECK(read("{word: null}").word == "a: b");
  CHECK(!read("{perhaps: null}").perhaps);
  CHECK(!read("{perhaps: none}").perhaps);
}

TEST_CASE("a span of time is seconds, DD:HH:MM:SS, or a map as Python's timedelta") {
  CHECK(read("{time: 2.5}").time.count() == 2.5);
  CHECK(read("{time: {minutes: 2, seconds: 5}}").time.count() == 125.0);
  CHECK(error("{time: {fortnights: 2}}").find("toy.time = a map of 1") != std::string::npos);
}

TEST_CASE("what is written is read again") {
  toy::Options o = read("{perhaps: 1e-5, colour: green, many: [4], word: 'x: #1', time: 3}");
  const Schema& schema = schema_of<toy::Options>();
  const std::string yaml = to_yaml(describe_object(schema, &o));
  toy::Options again;
  apply(schema, parse_yaml(yaml, "again"), &again, "");
  CHECK(to_yaml(describe_object(schema, &again)) == yaml);
  CHECK(again.word == "x: #1");
  CHECK(again.perhaps == 1e-5);
  CHECK(again.many == std::vector<std::int64_t>{4});
}

TEST_CASE("the options of the trainer are read as they are written") {
  const Schema& schema = schema_of<lt::TrainerOptions>();
  lt::TrainerOptions o;
  apply(schema,
        parse_yaml("{limit_train_batches: 1, limit_val_batches: 1.0, "
                   "val_check_interval: 00:00:01:00, max_time: 60, "
                   "check_val_every_n_epoch: null, gradient_clip_algorithm: value}",
                   "x"),
        &o, "trainer");
  CHECK(!o.limit_train_batches.is_fraction());
  CHECK(o.limit_val_batches.is_fraction());
  CHECK(o.val_check_interval.time().count() == 60.0);
  CHECK(!o.check_val_every_n_epoch);
  lt::TrainerOptions again;
  const std::string yaml = to_yaml(describe_object(schema, &o));
  apply(schema, parse_yaml(yaml, "x"), &again, "trainer");
  CHECK(to_yaml(describe_object(schema, &again)) == yaml);
  CHECK(again.limit_train_batches == o.limit_train_batches);
}

TEST_CASE("errors name file, line and column, the option, what was found and what is expected") {
  CHECK(error("whole: 3.5") ==
        "lt[E855] a.yaml:1:8: toy.whole = '3.5' has the wrong type; expected int");
  CHECK(error("a: 1\nwhole: x").starts_with("lt[E854] a.yaml:1:4: unknown key toy.a"));
  CHECK(error("real: 1\ninner: {smal: 1}") ==
        "lt[E854] a.yaml:2:15: unknown key toy.inner.smal; did you mean toy.inner.small?");
  CHECK(error("{inner: {small: 200}}").find("toy.inner.small = '200' is out of range") !=
        std::string::npos);
  CHECK(error("{whole: 99999999999999999999}").find("out of range") != std::string::npos);
  CHECK(error("colour: blue").find("expected {red,green}") != std::string::npos);
  CHECK(error("pair: [1]").find("expected [float, ...] of 2") != std::string::npos);
  CHECK(error("function: x").starts_with("lt[E854] a.yaml:1:11: unknown key toy.function"));
  CHECK(error("inner: 3").find("expected a map of options") != std::string::npos);
}

TEST_CASE("malformed YAML is an error with its place") {
  CHECK(error("a:\n  - [1, 2").starts_with("lt[E851] a.yaml:"));
  CHECK(error("real: 1\nreal: 2") == "lt[E852] a.yaml:2:1: the key 'real' stands there twice");
  CHECK(error("? [1]\n: 2").find("a key must be a name") != std::string::npos);
  CHECK_THROWS_WITH_AS((void)read_yaml("/no/such.yaml"),
                       "lt[E850] cannot read the configuration file '/no/such.yaml'; expected a "
                       "YAML file",
                       lt::ConfigError);
}

TEST_CASE("lists of maps keep their form") {
  const std::string yaml =
      "callbacks:\n  - class_path: A\n    init_args:\n      x: 1\n  - class_path: B\nempty: []\n";
  CHECK(to_yaml(parse_yaml(yaml, "")) == yaml);
}

TEST_CASE("the nearest name is found") {
  CHECK(edit_distance("max_epoch", "max_epochs") == 1);
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(nearest("trainer.max_epoch", {"trainer.max_steps", "trainer.max_epochs"}) ==
        "trainer.max_epochs");
  CHECK(nearest("--max_time", {"--trainer.max_steps", "--trainer.max_time"}).empty());
  CHECK(nearest("max_time", {"trainer.max_steps", "trainer.max_time"}) == "trainer.max_time");
  CHECK(nearest("zzzzzz", {"fit", "test"}).empty());
}
