// SPDX-License-Identifier: Apache-2.0
#include <lt/core/metric_table.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
using Names = std::vector<std::string>;

lt::MetricTable table() {
  lt::MetricTable out;
  out.set("loss", 1.0);
  out.set("acc", 0.5);
  return out;
}
}  // namespace

TEST_CASE("names stay in the order in which they first came") {
  lt::MetricTable metrics = table();
  metrics.set("loss", 2.0);
  CHECK(metrics.names() == Names{"loss", "acc"});
  CHECK(metrics.find("loss") == 2.0);
  CHECK(metrics.size() == 2);
}

TEST_CASE("find and contains") {
  const lt::MetricTable metrics = table();
  CHECK(metrics.contains("acc"));
  CHECK(!metrics.contains("ac"));
  CHECK(!metrics.find("other").has_value());
}

TEST_CASE("update replaces and appends") {
  lt::MetricTable metrics = table();
  lt::MetricTable other;
  other.set("acc", 0.75);
  other.set("epoch", 3.0);
  metrics.update(other);
  CHECK(metrics.names() == Names{"loss", "acc", "epoch"});
  CHECK(metrics.find("acc") == 0.75);
}

TEST_CASE("take removes") {
  lt::MetricTable metrics = table();
  CHECK(metrics.take("loss") == 1.0);
  CHECK(!metrics.take("loss").has_value());
  CHECK(metrics.names() == Names{"acc"});
  metrics.clear();
  CHECK(metrics.empty());
}
