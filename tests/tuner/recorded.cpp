// SPDX-License-Identifier: Apache-2.0
// What Lightning's Tuner did, step by step.
#include "recorded/tuner/recorded.hpp"

#include "lt/tuner/batch_search.hpp"
#include "lt/tuner/suggestion.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

lt::LrMode mode_of(const nlohmann::json& options) {
  return options.value("mode", "exponential") == "linear" ? lt::LrMode::linear
                                                          : lt::LrMode::exponential;
}

}  // namespace

TEST_CASE("Lightning's rates, to the bit") {
  for (const auto& rates : test::recorded("rates")) {
    CAPTURE(rates.at("name").get<std::string>());
    if (rates.at("trainer").contains("accumulate_grad_batches")) {
      continue;  // a window that is cut short takes a rate, but is not recorded
    }
    const auto& options = rates.at("options");
    const lt::RateSequence sequence(options.value("min_lr", 1e-8), options.value("max_lr", 1.0),
                                    options.value("num_training", 100), mode_of(options),
                                    lt::Compat::lightning);
    const auto lr = test::numbers(rates.at("lr"));
    for (std::size_t k = 0; k < lr.size(); ++k) {
      CHECK(sequence[static_cast<std::int64_t>(k)] == lr[k]);
    }
  }
}

TEST_CASE("Lightning's suggestions") {
  int compared = 0;
  for (const auto& curve : test::recorded("suggestions")) {
    CAPTURE(curve.at("name").get<std::string>());
    const auto lr = test::numbers(curve.at("lr"));
    const auto loss = test::numbers(curve.at("loss"));
    for (std::size_t i = 0; i < curve.at("skips").size(); ++i) {
      const auto& skip = curve.at("skips")[i];
      const auto index =
          lt::suggested_index(lr, loss, mode_of(curve),
                              {.skip_begin = skip[0], .skip_end = skip[1]}, lt::Compat::lightning);
      CHECK((index ? std::optional(lr[*index]) : std::nullopt) ==
            test::number<double>(curve.at("suggestions")[i]));
      ++compared;
    }
  }
  CHECK(compared == 80);
}

TEST_CASE("Lightning's searches of a batch size: what was tried, what was found") {
  int compared = 0;
  for (const auto& recorded : test::recorded("sizes")) {
    CAPTURE(recorded.dump());
    const auto& given = recorded.at("options");
    lt::BatchSearchOptions options;
    options.mode = given.value("mode", "power") == "power" ? lt::BatchSizeMode::power
                                                           : lt::BatchSizeMode::binsearch;
    options.init_val = given.value("init_val", options.init_val);
    options.max_trials = given.value("max_trials", options.max_trials);
    options.max_val = given.value("max_val", options.max_val);
    options.margin = given.value("margin", options.margin);
    lt::BatchSizeSearch search(options, lt::Compat::lightning);
    std::vector<std::int64_t> tried;
    while (const auto size = search.next()) {
      tried.push_back(*size);
      if (*size <= recorded.at("fits").get<std::int64_t>()) {
        search.succeeded(*size >= recorded.at("samples").get<std::int64_t>());
      } else {
        search.failed();
      }
    }
    CHECK(tried == recorded.at("tried").get<std::vector<std::int64_t>>());
    CHECK(search.size() == recorded.at("found").get<std::int64_t>());
    ++compared;
  }
  CHECK(compared == 23);
}
