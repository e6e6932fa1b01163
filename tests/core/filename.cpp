// SPDX-License-Identifier: Apache-2.0
#include "lt/core/filename.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {
const lt::NamedNumbers numbers = {{"val_loss", 0.6000000238418579},
                                  {"val_loss_total", 3.0},
                                  {"val/acc", 0.75},
                                  {"epoch", std::int64_t{2}},
                                  {"step", std::int64_t{12}}};

std::string fill(std::string_view name, const lt::FilenameStyle& style = {}) {
  return lt::format_filename(name, numbers, style);
}
}  // namespace

TEST_CASE("the default name has epoch and step") {
  CHECK(fill("") == "epoch=2-step=12");
}

TEST_CASE("fields are replaced by name and value") {
  CHECK(fill("{epoch}") == "epoch=2");
  CHECK(fill("m-{epoch:02d}-{val_loss:.2f}") == "m-epoch=02-val_loss=0.60");
  CHECK(fill("plain") == "plain");
  CHECK(fill("{step:d}{step:4d}") == "step=12step=  12");
}

TEST_CASE("a value without a format has all digits of its number") {
  CHECK(fill("{val_loss}") == "val_loss=0.6000000238418579");
  CHECK(fill("{val_loss_total}") == "val_loss_total=3.0");
}

TEST_CASE("names may be left out") {
  CHECK(fill("e{epoch:02d}-acc{val/acc:.2f}", {.auto_insert_metric_name = false}) == "e02-acc0.75");
}

TEST_CASE("a slash in a name makes a folder") {
  CHECK(fill("{epoch}-{val/acc:.1f}") == "epoch=2-val/acc=0.8");
}

TEST_CASE("the longest name is replaced first") {
  CHECK(fill("{val_loss:.1f}-{val_loss_total:.0f}") == "val_loss=0.6-val_loss_total=3");
  CHECK(fill("{val_loss_total:.0f}-{val_loss:.1f}") == "val_loss_total=3-val_loss=0.6");
}

TEST_CASE("a metric that is not there counts as the whole number 0") {
  CHECK(fill("{nothing}") == "nothing=0");
  CHECK(fill("{nothing:.3f}-{nothing_else:02d}") == "nothing=0.000-nothing_else=00");
}

TEST_CASE("join and equals characters, prefix and version") {
  const lt::FilenameStyle style{.join_char = "_", .equals_char = ":"};
  CHECK(fill("", style) == "epoch:2_step:12");
  CHECK(lt::format_filename("{epoch}", numbers, style, "best") == "best_epoch:2");
  CHECK(lt::versioned_filename("last", 1) == "last-v1");
  CHECK(lt::versioned_filename("last", 3, style) == "last_v3");
}

TEST_CASE("doubled braces are braces") {
  CHECK(fill("a}}b") == "a}b");
}

TEST_CASE("wrong templates say what is wrong and show the template") {
  CHECK_THROWS_WITH_AS(fill("a{}b"), doctest::Contains("'a{}b'"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(fill("a}b"), doctest::Contains("without its '{'"), lt::ConfigError);
  CHECK_THROWS_AS(fill("{epoch"), lt::ConfigError);
  CHECK_THROWS_AS(fill("{epoch:02d"), lt::ConfigError);
  CHECK_THROWS_WITH_AS(fill("{val_loss:d}"), doctest::Contains("whole numbers"), lt::ConfigError);
}
