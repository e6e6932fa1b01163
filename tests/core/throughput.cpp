// SPDX-License-Identifier: Apache-2.0
#include "lt/core/throughput.hpp"

#include <doctest/doctest.h>

#include <string>

using lt::Throughput;

namespace {

std::string error_of(Throughput& throughput, const Throughput::Totals& totals) {
  try {
    throughput.update(totals);
  } catch (const lt::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("totals from the first update, rates once the window is full") {
  Throughput throughput({.window_size = 3});
  throughput.update({.time = 2.0, .batches = 1, .samples = 4});
  throughput.update({.time = 3.0, .batches = 2, .samples = 8});
  lt::MetricTable found = throughput.compute();
  CHECK(found.names() == std::vector<std::string>{"time", "batches", "samples"});
  CHECK(found.find("samples") == 8.0);

  throughput.update({.time = 6.0, .batches = 3, .samples = 12});
  found = throughput.compute();
  CHECK(found.find("device/batches_per_sec") == 0.5);
  CHECK(found.find("device/samples_per_sec") == 2.0);
  CHECK_FALSE(found.contains("batches_per_sec"));

  throughput.update({.time = 7.0, .batches = 4, .samples = 16});  // the first one leaves
  CHECK(throughput.compute().find("device/samples_per_sec") == 2.0);
  CHECK(throughput.time() == 7.0);
}

TEST_CASE("several devices: figures of one and of all") {
  Throughput throughput({.available_flops = 100.0, .window_size = 2}, 4);
  throughput.update({.time = 1.0, .batches = 1, .samples = 2, .lengths = 10, .flops = 50.0});
  throughput.update({.time = 3.0, .batches = 2, .samples = 4, .lengths = 30, .flops = 50.0});
  const lt::MetricTable found = throughput.compute();
  CHECK(found.find("device/batches_per_sec") == 0.5);
  CHECK(found.find("batches_per_sec") == 2.0);
  CHECK(found.find("device/samples_per_sec") == 1.0);
  CHECK(found.find("samples_per_sec") == 4.0);
  CHECK(found.find("lengths") == 30.0);
  CHECK(found.find("device/items_per_sec") == 10.0);
  CHECK(found.find("items_per_sec") == 40.0);
  CHECK(found.find("flops_per_sec") == 100.0);  // those of the first update are before the window
  CHECK(found.find("device/flops_per_sec") == 25.0);
  CHECK(found.find("device/mfu") == 0.25);
}

TEST_CASE("the separator stands after device") {
  Throughput throughput({.window_size = 2, .separator = "."});
  throughput.update({.time = 1.0, .batches = 1, .samples = 1});
  throughput.update({.time = 2.0, .batches = 2, .samples = 2});
  CHECK(throughput.compute().contains("device.batches_per_sec"));
}

TEST_CASE("totals that do not grow or do not fit are refused") {
  Throughput throughput({.window_size = 2});
  throughput.update({.time = 1.0, .batches = 2, .samples = 2});
  CHECK(error_of(throughput, {.time = 1.0, .batches = 3, .samples = 3}).find("lt[E635]") == 0);
  throughput.reset();
  CHECK(error_of(throughput, {.time = 1.0, .batches = 3, .samples = 2}).find("lt[E631]") == 0);
  throughput.reset();
  CHECK(error_of(throughput, {.time = 1.0, .batches = 1, .samples = 4, .lengths = 3})
            .find("lt[E632]") == 0);
  throughput.reset();
  throughput.update({.time = 1.0, .batches = 1, .samples = 1});
  CHECK(error_of(throughput, {.time = 2.0, .batches = 2, .samples = 2, .lengths = 9})
            .find("lt[E633]") == 0);
}

TEST_CASE("nothing to compute before the first update or after a reset") {
  Throughput throughput;
  CHECK_THROWS_AS(throughput.compute(), lt::Error);
  throughput.update({.time = 1.0, .batches = 1, .samples = 1});
  throughput.reset();
  CHECK(throughput.time() == 0.0);
  CHECK_THROWS_AS(throughput.compute(), lt::Error);
  CHECK_THROWS_AS(Throughput({.window_size = 1}), lt::ConfigError);
}
